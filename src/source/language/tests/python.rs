//! Python: snippets in, facts out.

use super::super::module_candidates;
use super::says;
use crate::model::fact::Language;

#[test]
fn imports_name_what_they_bring() {
    says(
        "a.py",
        "import os, a.b\nimport flask as f\nfrom telegram.ext import Application as App, filters\nfrom .store import carts\nfrom . import db\n\
         os.getcwd()\na.b.c()\nf.Flask()\nApp.builder()\nfilters.x()\ncarts.clear()\ndb.open()\n",
        &[
            "import os",
            "import a.b",
            "import flask",
            "import telegram.ext",
            "import .store",
            "import .",
            "call os.getcwd()",
            "call a.b.c()",
            "call flask.Flask()",
            "call telegram.ext.Application.builder()",
            "call telegram.ext.filters.x()",
            "call .store.carts.clear()",
            "call .db.open()",
        ],
    );
}

#[test]
fn type_only_imports_are_no_facts_but_name_types() {
    says(
        "a.py",
        "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    from shop import Shop\ndef f(shop: 'Shop'):\n    shop.sell()\n",
        &["!import shop", "call shop.Shop().sell() in #0"],
    );
}

#[test]
fn a_variable_is_what_made_it() {
    says(
        "a.py",
        "from flask import Flask\nfrom telegram.ext import Application\ndef early():\n    app.run()\napp = Flask(__name__)\n\
         Application.builder().token(t).build().run_polling()\n\
         class Bots:\n    def __init__(self):\n        self.app = Flask('x')\n    def go(self):\n        self.app.run(debug=True)\n\
         twice = Flask('a')\ntwice = Flask('b')\ntwice.run()\n",
        &[
            "call flask.Flask().run() in #0",
            "call flask.Flask(__name__) -> ~app",
            "call telegram.ext.Application.builder().token().build().run_polling()",
            "call flask.Flask(\"x\") in #1 -> ~Bots().app",
            "call flask.Flask().run(debug=true) in #2",
            "call ~twice.run()",
        ],
    );
}

#[test]
fn annotated_parameters_are_objects_of_their_types() {
    says(
        "a.py",
        "from fastapi import FastAPI\nfrom typing import Optional\ndef a(app: FastAPI, other: Optional[FastAPI], n: int):\n    app.get('/x')\n    other.get('/y')\n    n.foo()\n",
        &[
            "call fastapi.FastAPI().get(\"/x\") in #0",
            "call fastapi.FastAPI().get(\"/y\") in #0",
            "call ~n.foo() in #0",
        ],
    );
}

#[test]
fn decorators_are_calls_that_know_their_function() {
    says(
        "a.py",
        "app = make()\n@app.route('/x', methods=['POST'])\ndef x(): pass\n@bare\ndef y(): pass\n@bot.message_handler()\nasync def z(m): pass\n@wrap\nclass C: pass\n",
        &[
            "call make().route(\"/x\", methods=[\"POST\"]) decorates #0",
            "call bare() decorates #1",
            "call bot.message_handler() decorates #2",
            "call wrap()",
            "function #2 ~z exported",
        ],
    );
}

#[test]
fn functions_know_their_class_and_their_parent() {
    says(
        "a.py",
        "class Shop:\n    def add(self): pass\n    @staticmethod\n    def make(): pass\n    @classmethod\n    def of(cls): cls.make()\ndef outer():\n    def inner(): pass\n    return lambda x: x\ndef _hidden(): pass\n",
        &[
            "function #0 ~Shop().add exported",
            "function #1 ~Shop.make exported",
            "function #2 ~Shop.of exported",
            "call ~Shop.make() in #2",
            "function #4 ~inner in #3 exported",
            "function #5  in #3",
            "function #6 ~_hidden",
        ],
    );
}

#[test]
fn values_are_told_as_far_as_the_text_tells() {
    says(
        "a.py",
        "import os\nURL = 'sqlite:///x.db'\nf('a' 'b', 1_000, -2, None, True, [1, 'x'], {'k': {'n': 1}}, URL, name, g(2), x[1:2], *more, **rest)\n\
         h(os.environ['A'], os.environ.get('B', 'b'), os.getenv('C') or 'c', f'{x}', f'plain', r'\\d', a if b else 'c')\n",
        &[
            "call f(\"ab\", 1000, -2, null, true, [1, \"x\"], {k: {n: 1}}, \"sqlite:///x.db\", name, g(2), x._, ...=more, ...=rest)",
            "call h($A, $B or \"b\", $C or \"c\", \"{x}\", \"plain\", \"\\\\d\", a | \"c\")",
        ],
    );
}

#[test]
fn texts_that_are_put_together_name_their_parts() {
    says(
        "a.py",
        "import os\nf(f'sqlite:///{base}/x.db', 'sqlite:///' + os.path.join(base, 'x.db'), 'a/%s' % name, 'b/{}'.format(name), 'c' f'{d}')\n",
        &[
            "call f(\"sqlite:///{base}/x.db\", \"sqlite:///…\", \"a/%s{name}\", \"b/{}{name}\", \"c{d}\")",
            "call os.path.join(base, \"x.db\")",
        ],
    );
}

#[test]
fn an_object_that_is_entered_is_called() {
    says(
        "a.py",
        "import threading\nlock = threading.Lock()\ndef take():\n    with lock:\n        pass\n    with open('x') as f, lock:\n        pass\n",
        &["call threading.Lock().__enter__() in #0", "call open(\"x\") in #0 -> ~f"],
    );
}

#[test]
fn state_lives_in_modules_classes_objects_and_closures() {
    says(
        "a.py",
        "from collections import defaultdict\nimport asyncio\ncarts = {}\nitems = []\nseen = set()\nby = defaultdict(list)\npool = None\ncount = 0\nLIMIT = 10\n\
         lock = asyncio.Lock()\nnames = {x for x in y}\n\
         class Shop:\n    shared = {}\n    TAX = 3\n    def __init__(self, name):\n        self.own = []\n        self.name = name\n        self.last = None\n\
         \x20   def go(self):\n        self.last = 1\n\
         def make():\n    local = {}\n    kept = {}\n    def inner():\n        kept[1] = 2\n    local[1] = 2\n    return inner\n\
         def use():\n    global pool, count\n    pool = connect()\n    count += 1\n",
        &[
            "state ~carts Module Map",
            "state ~items Module List",
            "state ~seen Module Set",
            "state ~by Module Map",
            "state ~pool Module Null",
            "state ~count Module Number",
            "!state ~LIMIT",
            "setting ~LIMIT = 10",
            "state ~lock Module Result(\"asyncio.Lock\")",
            "state ~names Module Set",
            "state ~Shop.shared ClassStatic Map",
            "!state ~Shop.TAX",
            "setting ~Shop.TAX = 3",
            "state ~Shop().own Instance List in #0",
            "!state ~Shop().name",
            "state ~Shop().last Instance Null in #0",
            "state ~kept Closure Map in #2",
            "!state ~local",
        ],
    );
}

#[test]
fn accesses_say_what_happens_to_state() {
    let cases = [
        ("carts['a'] = 1", "Insert ~carts in #0"),
        ("carts.setdefault('a', []).append(1)", "Insert ~carts in #0"),
        ("del carts['a']", "Remove ~carts in #0"),
        ("carts.pop('a')", "Remove ~carts in #0"),
        ("carts.clear()", "Clear ~carts in #0"),
        ("carts.update(a=1)", "Insert ~carts in #0"),
        ("carts['a'].append(1)", "Insert ~carts in #0"),
        ("carts['a'] += 1", "Increment ~carts in #0"),
        ("carts.get('a')", "Read ~carts in #0"),
        ("x = carts['a']", "Read ~carts in #0"),
        ("'a' in carts", "Read ~carts in #0"),
        ("len(carts)", "Read ~carts in #0"),
        ("return carts", "Read ~carts in #0"),
        ("send({**carts})", "Read ~carts in #0"),
        ("for c in carts: c.append(1)", "Insert ~carts in #0"),
        ("cart = carts['a']; cart.append(1)", "Insert ~carts in #0"),
        ("cart = carts.setdefault('a', []); cart[0] = 1", "Insert ~carts in #0"),
        ("global carts; carts = {}", "Assign ~carts in #0"),
        ("global carts; carts += 1", "Increment ~carts in #0"),
    ];
    for (body, expected) in cases {
        says("a.py", &format!("carts = {{}}\ndef f():\n    {body}\n"), &[expected]);
    }
}

#[test]
fn a_local_name_hides_the_state_of_the_module() {
    let cases =
        ["carts = {}\n    carts['a'] = 1", "x = [carts for carts in y]", "for carts in y: pass\n    carts.append(1)"];
    for body in cases {
        says("a.py", &format!("carts = {{}}\ndef f(y):\n    {body}\n"), &["!~carts in #0"]);
    }
    says("a.py", "carts = {}\ndef f(carts):\n    carts['a'] = 1\n", &["!Insert ~carts"]);
}

#[test]
fn objects_of_the_module_share_their_fields() {
    says(
        "a.py",
        "class Shop:\n    kinds = []\n    def __init__(self):\n        self.items = []\n    def add(self, x):\n        self.items.append(x)\n        self.kinds.append(x)\n\
         shop = Shop()\ndef f():\n    shop.items.append(1)\n    shop.add(2)\n    Shop.kinds.append(3)\n",
        &[
            "Insert ~Shop().items in #1",
            "Insert ~Shop.kinds in #1",
            "Insert ~Shop().items in #2",
            "Insert ~Shop.kinds in #2",
            "call ~Shop().add(2) in #2",
        ],
    );
}

#[test]
fn state_of_other_files_is_accessed_by_its_symbol() {
    says(
        "a.py",
        "from .store import carts\nfrom . import db\nimport shop.store as st\nimport json\ndef f():\n    carts['a'] = 1\n    db.users[1] = 2\n    st.orders.append(1)\n    x = carts['b']\n    return json.x['a']\n",
        &[
            "Insert .store.carts in #0",
            "Insert .db.users in #0",
            "Insert shop.store.orders in #0",
            "Read .store.carts in #0",
            "!Read json",
        ],
    );
}

#[test]
fn what_a_framework_carries_to_its_handlers_is_state_of_the_process() {
    says(
        "a.py",
        "from fastapi import FastAPI\nimport aiohttp.web\napi = FastAPI()\napi.state.users = {}\napp = aiohttp.web.Application()\napp['carts']: dict = {}\n\
         def f(request):\n    request.app.state.users[1] = 2\n    request.state.x = 1\n    return request.app['carts'].get(3)\n",
        &[
            "state app.state.users Module Map",
            "state app.carts Module Map",
            "Insert app.state.users in #0",
            "Read app.carts in #0",
            "!request.state.x ",
        ],
    );
}

#[test]
fn settings_are_what_is_assigned_to_known_things() {
    says(
        "a.py",
        "import os, secrets\nfrom flask import Flask\nfrom secrets import token_hex\napp = Flask('x')\napp.secret_key = secrets.token_hex(16)\napp.config['SESSION_TYPE'] = 'filesystem'\n\
         DATABASES = {'default': {'ENGINE': 'sqlite3'}}\nSECRET_KEY = os.environ.get('KEY', token_hex())\nos.environ['A'] = 'b'\n\
         def make():\n    app = Flask('y')\n    app.config['X'] = 1\n",
        &[
            "setting flask.Flask().secret_key = secrets.token_hex(16)",
            "setting flask.Flask().config.SESSION_TYPE = \"filesystem\"",
            "setting ~DATABASES = {default: {ENGINE: \"sqlite3\"}}",
            "setting ~SECRET_KEY = $KEY or secrets.token_hex()",
            "setting os.environ.A = \"b\"",
            "setting flask.Flask().config.X = 1 in #0",
        ],
    );
}

#[test]
fn a_module_may_be_a_file_or_a_package() {
    let of = |from: &str, module: &str| module_candidates(from, module, Language::Python);
    assert_eq!(of("shop/web/app.py", ".store"), ["shop/web/store.py", "shop/web/store/__init__.py"]);
    assert_eq!(of("shop/web/app.py", "..db"), ["shop/db.py", "shop/db/__init__.py"]);
    assert_eq!(of("shop/app.py", "."), ["shop/__init__.py"]);
    assert_eq!(of("shop/app.py", "shop.store")[2..], ["shop/store.py", "shop/store/__init__.py"]);
}
