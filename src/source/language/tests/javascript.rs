//! JavaScript and TypeScript: snippets in, facts out.

use super::super::module_candidates;
use super::says;
use crate::model::fact::Language;

#[test]
fn imports_name_what_they_bring() {
    says(
        "a.ts",
        "import express, { Router as R } from 'express';\nimport * as store from './store';\nimport type { Request } from 'types';\n\
         import { type A, type B } from 'only-types';\nimport fs = require('fs');\nconst { Server } = require('socket.io');\nconst io = require('socket.io')(3000);\n\
         const { a: { b: deep } } = require('x');\nexport * from './again';\n\
         express(); R(); store.open(); fs.readFile('x'); new Server(); io.on('x'); deep(); (await import('y')).z();\n",
        &[
            "import express",
            "import ./store",
            "import fs",
            "import ./again",
            "import socket.io",
            "import x",
            "import y",
            "!call require",
            "!import types",
            "!import only-types",
            "call express()",
            "call express.Router()",
            "call ./store.open()",
            "call fs.readFile(\"x\")",
            "call socket.io.Server()",
            "call socket.io().on(\"x\")",
            "call x.a.b()",
            "call y.z()",
        ],
    );
}

#[test]
fn a_variable_is_what_made_it() {
    says(
        "a.js",
        "import session from 'express-session';\nimport connect from 'connect-redis';\nfunction early() { app.listen(1); }\nconst app = require('express')();\n\
         const RedisStore = connect(session);\nlet late;\nlate = new session.MemoryStore();\nlate.get(1);\nlet twice = f(); twice = g(); twice.h();\n",
        &[
            "call express().listen(1) in #0",
            "call express-session.MemoryStore() -> ~late",
            "call express-session.MemoryStore().get(1)",
            "call ~twice.h()",
        ],
    );
}

#[test]
fn options_are_values() {
    says(
        "a.js",
        "import session from 'express-session';\nimport { RedisStore } from 'connect-redis';\nconst store = new RedisStore({ client });\nconst url = process.env.REDIS_URL;\n\
         const { PORT = 3000 } = process.env;\nconst secret = process.env.SECRET || 'dev';\n\
         session({ store, secret, cookie: { maxAge: 60 }, resave: false, 'x-y': null, z: undefined, f() {}, g: () => 1, ...opts });\n\
         session({ store: url ? new RedisStore() : undefined, port: PORT, a: [`t`, `${x}`], b: process.env.B ?? 'b' });\n",
        &[
            "call express-session({store: connect-redis.RedisStore(), secret: $SECRET or \"dev\", cookie: {maxAge: 60}, resave: false, \
             x-y: null, z: null, f: #0, g: #1, ...: opts})",
            "call express-session({store: connect-redis.RedisStore() | null, port: $PORT, a: [\"t\", ?], b: $B or \"b\"})",
        ],
    );
}

#[test]
fn functions_go_by_the_names_that_they_are_bound_to() {
    says(
        "a.ts",
        "export function a() {}\nconst b = () => {};\nexport const c = async function () {};\nexport const d = asyncHandler(async (req, res) => {});\n\
         class Shop { add() {} static make() {} #own() {} handle = () => {}; }\nconst handlers = { list(req) {}, get: () => 1 };\n\
         exports.e = () => {};\nmodule.exports = { f: () => {}, g() {}, b };\nShop.prototype.h = function () {};\nfunction outer() { return () => {}; }\nexport default function () {}\n",
        &[
            "function #0 ~a exported",
            "function #1 ~b exported",
            "function #2 ~c exported",
            "function #3 ~d exported",
            "function #4 ~Shop().add exported",
            "function #5 ~Shop.make exported",
            "function #7 ~Shop().handle exported",
            "function #8 ~handlers.list",
            "function #9 ~handlers.get",
            "function #10 ~e exported",
            "function #11 ~f exported",
            "function #12 ~g exported",
            "function #13 ~Shop().h",
            "function #15  in #14",
            "function #16 ~default exported",
        ],
    );
}

#[test]
fn a_wrapped_handler_is_referred_to_by_its_own_name() {
    says(
        "a.js",
        "const add = asyncHandler(async (req, res) => {});\napp.post('/add', add);\nconst server = http.createServer((req, res) => {});\nserver.listen(1);\n",
        &["call app.post(\"/add\", ~add)", "call asyncHandler(#0) -> ~add", "call http.createServer().listen(1)"],
    );
}

#[test]
fn typescript_types_and_decorators_are_understood() {
    says(
        "a.ts",
        "import { Server } from 'socket.io';\nimport { Store } from './store';\nfunction f(io: Server, other: Server | null, n: number) { io.emit('x'); other.emit('y'); n.z(); }\n\
         @Controller('users')\nexport class Users {\n  private items = new Map<string, number>();\n  static all: string[] = [];\n  constructor(private readonly store: Store, plain: Store) {}\n\
         \x20 @Get(':id')\n  find(@Param('id') id: string) { this.items.set(id, 1); Users.all.push(id); return this.store.find(id); }\n}\n\
         interface Shape { x: number }\ntype T = { y: string };\nenum Color { Red }\ndeclare const z: number;\n",
        &[
            "call socket.io.Server().emit(\"x\") in #0",
            "call socket.io.Server().emit(\"y\") in #0",
            "call ~n.z() in #0",
            "call Controller(\"users\")",
            "call Get(\":id\") decorates #2",
            "call ./store.Store().find(~id) in #2",
            "state ~Users().items Instance Map",
            "state ~Users.all ClassStatic List",
            "Insert ~Users().items in #2",
            "Insert ~Users.all in #2",
        ],
    );
}

#[test]
fn accesses_say_what_happens_to_state() {
    let cases = [
        ("carts[id] = 1", "Insert ~carts in #0"),
        ("carts.x = 1", "Insert ~carts in #0"),
        ("carts[id].push(1)", "Insert ~carts in #0"),
        ("carts.set(id, 1)", "Insert ~carts in #0"),
        ("carts.get(id).items.push(1)", "Insert ~carts in #0"),
        ("delete carts[id]", "Remove ~carts in #0"),
        ("carts.delete(id)", "Remove ~carts in #0"),
        ("carts.clear()", "Clear ~carts in #0"),
        ("carts[id]++", "Increment ~carts in #0"),
        ("carts.n += 1", "Increment ~carts in #0"),
        ("carts = {}", "Assign ~carts in #0"),
        ("[carts] = [1]", "Assign ~carts in #0"),
        ("Object.assign(carts, x)", "Insert ~carts in #0"),
        ("const cart = carts[id]; cart.push(1)", "Insert ~carts in #0"),
        ("const cart = carts.get(id) ?? []; cart.push(1)", "Insert ~carts in #0"),
        ("const { open } = carts; open.push(1)", "Insert ~carts in #0"),
        ("for (const c of carts) c.n = 1", "Insert ~carts in #0"),
        ("const x = carts[id]", "Read ~carts in #0"),
        ("res.json(carts)", "Read ~carts in #0"),
        ("res.json({ ...carts })", "Read ~carts in #0"),
        ("return id in carts", "Read ~carts in #0"),
        ("carts.forEach(x => x)", "Read ~carts in #0"),
        ("return <p>{carts.n}</p>", "Read ~carts in #0"),
    ];
    for (body, expected) in cases {
        says("a.jsx", &format!("let carts = {{}};\nfunction f(id, x, res) {{ {body} }}\n"), &[expected]);
    }
}

#[test]
fn a_local_name_hides_the_state_of_the_module() {
    let cases = [
        "const carts = {}; carts.x = 1;",
        "{ let carts = []; carts.push(1); }",
        "for (const carts of y) carts.push(1);",
        "try {} catch (carts) { carts.push(1); }",
    ];
    for body in cases {
        says("a.js", &format!("const carts = {{}};\nfunction f(y) {{ {body} }}\n"), &["!~carts in #0"]);
    }
    says("a.js", "const carts = {};\nconst f = (carts) => carts.push(1);\n", &["!Insert ~carts"]);
    says("a.js", "const carts = {};\nfunction f() { { const carts = []; } carts.x = 1; }\n", &["Insert ~carts in #0"]);
}

#[test]
fn state_lives_in_modules_and_closures() {
    says(
        "a.js",
        "const carts = {};\nconst m = new Map();\nlet n = 0;\nconst LIMIT = 3;\nlet server;\nconst cache = new LRU({ max: 5 });\nconst { Router } = require('express');\n\
         function start() { server = listen(); n++; }\n\
         function createApp() { const seen = {}; let hits = 0; const app = express(); const plain = [];\n  app.get('/', () => { seen.x = 1; hits++; app.locals; }); return app; }\n",
        &[
            "state ~carts Module Map",
            "state ~m Module Map",
            "state ~n Module Number",
            "!state ~LIMIT",
            "setting ~LIMIT = 3",
            "state ~server Module Null",
            "state ~cache Module Result(\"LRU\")",
            "!state ~Router",
            "state ~seen Closure Map in #1",
            "state ~hits Closure Number in #1",
            "!state ~plain",
            "Assign ~server in #0",
            "Increment ~hits in #2",
        ],
    );
}

#[test]
fn state_of_other_files_is_accessed_by_its_symbol() {
    says(
        "a.js",
        "import { carts } from './store';\nimport * as db from '../db.js';\nconst { users } = require('./users');\nimport _ from 'lodash';\n\
         function f() { carts.push(1); db.orders.set(1, 2); users[1] = 2; return [carts, _]; }\n",
        &[
            "Insert ./store.carts in #0",
            "Insert ../db.js.orders in #0",
            "Insert ./users.users in #0",
            "Read ./store.carts in #0",
            "!Read lodash",
        ],
    );
}

#[test]
fn settings_are_what_is_assigned_to_known_things() {
    says(
        "a.js",
        "const app = require('express')();\napp.locals.users = [];\nprocess.env.X = '1';\nconst config = { session: { driver: 'file' } };\nconst SECRET = process.env.S ?? randomBytes(3);\n",
        &[
            "setting express().locals.users = []",
            "setting process.env.X = \"1\"",
            "setting ~config = {session: {driver: \"file\"}}",
            "setting ~SECRET = $S or randomBytes(3)",
        ],
    );
}

#[test]
fn a_module_may_be_a_file_or_an_index() {
    let of = |from: &str, module: &str| module_candidates(from, module, Language::TypeScript);
    assert_eq!(of("src/app.ts", "./store")[..2], ["src/store", "src/store.ts"]);
    assert!(of("src/app.ts", "../lib").contains(&"lib/index.js".to_string()));
    assert!(of("src/app.ts", "./store.js").contains(&"src/store.ts".to_string()));
    assert!(of("src/app.ts", "@/db").contains(&"src/db.ts".to_string()));
    assert!(of("src/app.ts", "express").is_empty());
    assert!(of("app.ts", "../../x").is_empty());
}

#[test]
fn variables_of_the_process_are_state() {
    says(
        "a.js",
        "globalThis.users = {};\nfunction f(id) { globalThis.users[id] = 1; globalThis.count ??= 0; globalThis.count++; return globalThis.users; }\n",
        &[
            "state globalThis.users Module Map",
            "state globalThis.count Module Number in #0",
            "Insert globalThis.users in #0",
            "Increment globalThis.count in #0",
            "Read globalThis.users in #0",
        ],
    );
}

#[test]
fn a_value_that_is_defined_by_itself_is_told_once() {
    says(
        "a.js",
        "var users = users || {};\nvar url = url || process.env.URL;\nf(users, url);\n",
        &["call f(~users, ~url | $URL)"],
    );
}

#[test]
fn what_a_method_does_is_said_by_its_body() {
    says(
        "a.js",
        "class Cache { constructor() { this.data = new Map(); } set(k, v) { this.data.set(k, v); } }\nconst cache = new Cache();\nfunction f() { cache.set(1, 2); }\n",
        &["Insert ~Cache().data in #1", "call ~Cache().set(1, 2) in #2", "!Insert ~cache "],
    );
}

#[test]
fn a_directive_is_a_call() {
    says(
        "a.ts",
        "'use strict';\n'use client';\nasync function act() { \"use server\"; go(); }\n",
        &["!use strict", "call use client()", "call use server() in #0"],
    );
}

#[test]
fn a_module_may_give_data() {
    says(
        "a.js",
        "const routes = [];\nmodule.exports = { routes, add(x) { return x; } };\n",
        &["function #0 ~add exported", "setting ~ = {routes: ~routes, add: #0}"],
    );
    says("a.ts", "const db = { users: {} };\nexport default db;\n", &["setting ~ = ~db"]);
}

#[test]
fn aliases_mean_folders_of_the_package() {
    let candidates = |from, module| module_candidates(from, module, Language::TypeScript);
    let offers = |from, module, path: &str| candidates(from, module).iter().any(|candidate| candidate == path);
    assert!(offers("apps/web/src/routes/cart/+server.ts", "$lib/carts", "apps/web/src/lib/carts.ts"));
    assert!(offers("apps/web/src/app/page.tsx", "@/lib/store", "apps/web/src/lib/store.ts"));
    assert!(offers("app/routes/cart.tsx", "~/lib/drafts", "app/lib/drafts.ts"));
    assert!(offers("app/start/routes.ts", "#controllers/cart", "app/controllers/cart.ts"));
    assert!(!offers("app/routes/cart.tsx", "react", "react.ts"));
}

#[test]
fn a_function_in_a_field_is_a_method() {
    says(
        "a.ts",
        "import { Base, IStore } from './b';\nclass Ctl extends Base implements IStore {\n  constructor(private readonly store: IStore) {}\n\
         create = async (req, res) => { this.store.add('a'); };\n  list = wrap((req, res) => {});\n  static make(): Promise<Ctl> { return new Ctl(); }\n}\n",
        &[
            "function #1 ~Ctl().create exported",
            "call ./b.IStore().add(\"a\") in #1",
            "function #2 ~Ctl().list exported",
        ],
    );
}
