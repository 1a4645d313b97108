//! Rust: snippets in, facts out.

use super::super::module_candidates;
use super::says;
use crate::model::fact::Language;

const STATICS: &str = "use std::sync::{Arc, LazyLock, Mutex, atomic::AtomicU64};\nuse std::collections::HashMap;\n\
    static CARTS: LazyLock<Mutex<HashMap<String, Vec<u32>>>> = LazyLock::new(Default::default);\nstatic COUNT: AtomicU64 = AtomicU64::new(0);\nstatic NUMBER: Mutex<u32> = Mutex::new(5);\n";

#[test]
fn use_trees_name_what_they_bring() {
    says(
        "src/a.rs",
        "use axum::{Router, extract::State as S, routing::{self, get}};\nuse tower_sessions::MemoryStore;\nuse rusqlite;\nuse crate::store::CARTS;\nuse std::io::*;\nmod db;\n\
         fn f() { Router::new(); S::x(); get(f); routing::post(f); MemoryStore::default(); rusqlite::open(); db::go(); tokio::spawn(g()); }\n",
        &[
            "import axum",
            "import axum.extract",
            "import axum.routing",
            "import tower_sessions",
            "import rusqlite",
            "import crate.store.CARTS",
            "import std.io",
            "import self.db",
            "call axum.Router.new() in #0",
            "call axum.extract.State.x() in #0",
            "call axum.routing.get(~f) in #0",
            "call axum.routing.post(~f) in #0",
            "call tower_sessions.MemoryStore.default() in #0",
            "call rusqlite.open() in #0",
            "call self.db.go() in #0",
            "call tokio.spawn(g()) in #0",
        ],
    );
}

#[test]
fn statics_are_state_if_they_can_change() {
    says(
        "src/a.rs",
        &format!(
            "{STATICS}static NAMES: &[&str] = &[\"a\"];\nstatic TABLE: LazyLock<HashMap<u8, u8>> = LazyLock::new(HashMap::new);\nconst LIMIT: u32 = 3;\n\
             static STORE: LazyLock<MemoryStore> = LazyLock::new(|| MemoryStore::default());\nlazy_static! {{ static ref USERS: Mutex<Vec<u32>> = Mutex::new(vec![]); }}\n\
             fn next() -> u64 {{ static NEXT: AtomicU64 = AtomicU64::new(1); NEXT.fetch_add(1, o) }}\nstatic mut RAW: u32 = 0;\n#[cfg(test)]\nmod tests {{ static T: Mutex<u32> = Mutex::new(1); }}\n"
        ),
        &[
            "state ~CARTS Module Map",
            "state ~COUNT Module Number",
            "state ~NUMBER Module Number",
            "state ~USERS Module List",
            "state ~NEXT Module Number",
            "state ~RAW Module Number",
            "state ~STORE Module Result(\"MemoryStore.default\")",
            "Increment ~NEXT in #0",
            "setting ~LIMIT = 3",
            "!state ~NAMES",
            "!state ~TABLE",
            "!state ~LIMIT",
            "!state ~T ",
        ],
    );
}

#[test]
fn accesses_go_through_locks_and_guards() {
    let cases = [
        ("CARTS.lock().unwrap().insert(k, v);", "Insert ~CARTS in #0"),
        ("CARTS.lock().unwrap().entry(k).or_default().push(1);", "Insert ~CARTS in #0"),
        ("let mut carts = CARTS.lock().unwrap(); carts.insert(k, v);", "Insert ~CARTS in #0"),
        ("let carts = &mut *CARTS.lock().unwrap(); carts.remove(&k);", "Remove ~CARTS in #0"),
        ("if let Some(c) = CARTS.lock().unwrap().get_mut(&k) { c.push(1); }", "Insert ~CARTS in #0"),
        ("match CARTS.lock().unwrap().get_mut(&k) { Some(c) => c.clear(), None => {} }", "Clear ~CARTS in #0"),
        ("for c in CARTS.lock().unwrap().values_mut() { c.push(1); }", "Insert ~CARTS in #0"),
        ("COUNT.fetch_add(1, Ordering::SeqCst);", "Increment ~COUNT in #0"),
        ("COUNT.load(Ordering::SeqCst);", "Read ~COUNT in #0"),
        ("*NUMBER.lock().unwrap() += 1;", "Increment ~NUMBER in #0"),
        ("let mut n = NUMBER.lock().unwrap(); *n = 3;", "Insert ~NUMBER in #0"),
        ("let n = *NUMBER.lock().unwrap();", "Read ~NUMBER in #0"),
        ("println!(\"{}\", CARTS.lock().unwrap().len());", "Read ~CARTS in #0"),
        ("crate::store::USERS.lock().unwrap().push(1);", "Insert crate.store.USERS in #0"),
    ];
    for (body, expected) in cases {
        says("src/a.rs", &format!("{STATICS}fn f(k: String, v: Vec<u32>) {{ {body} }}\n"), &[expected]);
    }
    says("src/a.rs", &format!("{STATICS}fn f() {{ CARTS.lock().unwrap().insert(k, v); }}\n"), &["!Read ~CARTS"]);
    says(
        "src/a.rs",
        &format!("{STATICS}fn f() {{ let mut CARTS2 = 1; let carts = vec![1]; carts.push(1); }}\n"),
        &["!Insert"],
    );
}

#[test]
fn shared_fields_are_state_of_the_object() {
    says(
        "src/a.rs",
        "use std::sync::{Arc, Mutex};\nuse std::collections::HashMap;\nuse dashmap::DashMap;\n\
         struct AppState { carts: Arc<Mutex<HashMap<u32, u32>>>, live: DashMap<u32, u32>, inner: Arc<Inner>, name: String, list: Vec<u32> }\nstruct Inner { hits: AtomicU64 }\n\
         type Shared = Arc<Mutex<HashMap<String, u32>>>;\n\
         impl AppState { fn new() -> Self { todo() } fn add(&self) { self.carts.lock().unwrap().insert(1, 2); } }\n\
         async fn a(State(state): State<Arc<AppState>>, State(shared): State<Shared>) { state.live.insert(1, 2); state.inner.hits.fetch_add(1, o); shared.lock().unwrap().remove(\"x\"); }\n\
         async fn b(data: web::Data<Mutex<Vec<u32>>>, state: &AppState) { data.lock().unwrap().push(1); let carts = state.carts.clone(); carts.lock().unwrap().clear(); state.add(); }\n",
        &[
            "state ~AppState().carts Instance Map",
            "state ~AppState().live Instance Map",
            "state ~Inner().hits Instance Number",
            "state ~Shared() Instance Map",
            "!state ~AppState().name",
            "state ~AppState().list Instance List owned",
            "function #0 ~AppState.new",
            "function #1 ~AppState().add",
            "Insert ~AppState().carts in #1",
            "Insert ~AppState().live in #2",
            "Increment ~Inner().hits in #2",
            "Remove ~Shared() in #2",
            "state ~data Instance List in #3",
            "Insert ~data in #3",
            "Clear ~AppState().carts in #3",
            "call ~AppState().add() in #3",
        ],
    );
}

#[test]
fn an_implementation_names_its_trait() {
    says(
        "src/a.rs",
        "use actix::{Actor, Handler};\nuse std::collections::HashMap;\nstruct Hub { sessions: HashMap<u32, u32>, hits: u64 }\n\
         impl Actor for Hub { type Context = u32; }\nimpl Handler<Connect> for Hub { fn handle(&mut self, msg: Connect) { self.sessions.insert(1, 2); } }\n\
         #[tonic::async_trait]\nimpl proto::Carts for Shop { async fn add(&self) {} }\nfn main() { Hub { sessions: Default::default(), hits: 0 }.start(); }\n",
        &[
            "class ~Hub extends actix.Actor, actix.Handler",
            "class ~Shop extends proto.Carts decorated tonic.async_trait",
            "function #0 ~Hub().handle exported",
            "function #1 ~Shop().add exported",
            "state ~Hub().sessions Instance Map owned",
            "!state ~Hub().hits",
            "Insert ~Hub().sessions in #0",
            "call ~Hub(sessions=Default.default(), hits=0) in #2",
        ],
    );
}

#[test]
fn attributes_are_calls_that_know_their_function() {
    says(
        "src/a.rs",
        "use actix_web::get;\n#[get(\"/x\", guard = \"g\")]\n#[allow(unused)]\npub async fn x() {}\n#[tokio::main]\nasync fn main() {}\n#[test]\nfn t() { f(); }\n",
        &[
            "call actix_web.get(\"/x\", guard=\"g\") decorates #0",
            "call tokio.main() decorates #1",
            "function #0 ~x exported",
            "function #1 ~main",
            "!allow",
            "!call f()",
        ],
    );
}

#[test]
fn values_are_told_as_far_as_the_text_tells() {
    says(
        "src/a.rs",
        "use std::env;\nfn f() {\n let url = env::var(\"URL\").unwrap_or_else(|_| \"x.db\".to_string());\n open(url, env::var(\"A\").expect(\"a\"), env::var(\"P\").ok().and_then(|p| p.parse().ok()).unwrap_or(8080));\n\
         g(1_000u64, -2.5, true, \"t\", vec![1, 2], Options { a: 1, ..Default::default() }, |x| x, None);\n}\n",
        &[
            "call open($URL or \"x.db\", $A, $P or 8080) in #0",
            "call g(1000, -2.5, true, \"t\", [1, 2], Options(a=1, ...=Default.default()), #3, null) in #0",
        ],
    );
}

#[test]
fn routers_are_chains_of_calls() {
    says(
        "src/a.rs",
        "use axum::{Router, routing::get};\nasync fn add() {}\nfn main() { let app = Router::new().route(\"/add\", get(add).post(|| async { 1 })); app.layer(x); }\n",
        &[
            "call axum.Router.new().route(\"/add\", axum.routing.get().post(#2)) in #1 -> ~app",
            "call axum.routing.get(~add) in #1",
            "call axum.Router.new().route().layer(x) in #1",
        ],
    );
}

#[test]
fn a_module_may_be_a_file_or_a_folder() {
    let of = |from: &str, module: &str| module_candidates(from, module, Language::Rust);
    assert_eq!(of("src/main.rs", "self.store")[..2], ["src/store.rs", "src/store/mod.rs"]);
    assert_eq!(of("src/web/cart.rs", "crate.store"), ["src/store.rs", "src/store/mod.rs"]);
    assert_eq!(of("src/web/cart.rs", "crate.store.CARTS"), ["src/store/CARTS.rs", "src/store/CARTS/mod.rs"]);
    assert!(of("src/web/cart.rs", "super").contains(&"src/web/mod.rs".to_string()));
    assert!(of("src/web/cart.rs", "super.super").contains(&"src/main.rs".to_string()));
    assert!(of("a.rs", "super.super.super").contains(&"main.rs".to_string()));
    assert_eq!(of("src/web/cart.rs", "super.db")[..2], ["src/web/db.rs", "src/web/db/mod.rs"]);
    assert!(of("src/main.rs", "axum.routing").is_empty());
}
