//! Go: snippets in, facts out.

use super::super::{link, module_candidates};
use super::{extract, lines, says};
use crate::model::fact::Language;
use crate::source::language::render::render;

#[test]
fn packages_are_named_by_their_paths() {
    says(
        "a.go",
        "package a\nimport (\n\t\"net/http\"\n\ttele \"gopkg.in/telebot.v3\"\n\t\"github.com/robfig/cron/v3\"\n\t_ \"embed\"\n)\n\
         func main() { http.ListenAndServe(\":1\", nil); tele.NewBot(); c := cron.New(cron.WithSeconds()); c.Start(); other(); len(c) }\n",
        &[
            "import net/http",
            "import gopkg.in/telebot.v3",
            "import github.com/robfig/cron/v3",
            "import embed",
            "call net/http.ListenAndServe(\":1\", null) in #0",
            "call gopkg.in/telebot.v3.NewBot() in #0",
            "call github.com/robfig/cron/v3.New(github.com/robfig/cron/v3.WithSeconds()) in #0 -> ~c",
            "call github.com/robfig/cron/v3.New().Start() in #0",
            "call ~other() in #0",
            "call len(github.com/robfig/cron/v3.New()) in #0",
        ],
    );
}

#[test]
fn methods_belong_to_the_type_of_their_receiver_wherever_it_stands() {
    says(
        "a.go",
        "package a\nfunc (s *Shop) Add(id string) { s.items[id]++; s.count++; s.save() }\n\
         func (s Shop) save() {}\ntype Shop struct { items map[string]int; count int; name string }\n\
         func New() (*Shop, error) { return &Shop{items: map[string]int{}}, nil }\n\
         func main() { shop, err := New(); shop.Add(\"x\"); use(err, func() { shop.save() }) }\n",
        &[
            "function #0 ~Shop().Add exported",
            "function #1 ~Shop().save",
            "function #2 ~New exported gives ~Shop()",
            "function #4  in #3",
            "call ~Shop().save() in #0",
            "call ~Shop().Add(\"x\") in #3",
            "call ~Shop().save() in #4",
            "call ~Shop({items: {}}) in #2",
            "state ~Shop().items Instance Map",
            "state ~Shop().count Instance Number",
            "!state ~Shop().name",
            "Increment ~Shop().items in #0",
            "Increment ~Shop().count in #0",
        ],
    );
}

#[test]
fn state_of_a_package_is_what_its_variables_hold() {
    says(
        "a.go",
        "package a\nimport (\"sync\"; \"sync/atomic\")\ntype Carts map[string][]string\n\
         var (\n carts = Carts{}\n live sync.Map\n names []string\n hits int64\n orders atomic.Int64\n mu sync.RWMutex\n ready bool\n limit = 5\n)\nconst Max = 3\n\
         func f(k string) {\n mu.Lock()\n defer mu.Unlock()\n carts[k] = append(carts[k], \"x\")\n delete(carts, k)\n live.Store(k, 1)\n names = append(names, k)\n atomic.AddInt64(&hits, 1)\n orders.Add(1)\n ready = true\n \
         for k, v := range carts { use(k, v) }\n if v, ok := live.Load(k); ok { use(v) }\n clear(carts)\n}\n",
        &[
            "state ~carts Module Map",
            "state ~live Module Map",
            "state ~names Module List",
            "state ~hits Module Number",
            "state ~orders Module Number",
            "state ~ready Module Bool",
            "state ~mu Module Result(\"sync.RWMutex\")",
            "!state ~limit",
            "!state ~Max",
            "!Assign ~mu",
            "!Insert ~mu",
            "Insert ~carts in #0",
            "Remove ~carts in #0",
            "Read ~carts in #0",
            "Clear ~carts in #0",
            "Insert ~live in #0",
            "Read ~live in #0",
            "Insert ~names in #0",
            "Increment ~hits in #0",
            "Increment ~orders in #0",
            "Assign ~ready in #0",
            "setting ~Max = 3",
            "setting ~limit = 5",
            "!setting ~hits",
        ],
    );
}

#[test]
fn what_a_closure_keeps_is_state_and_what_it_declares_is_its_own() {
    says(
        "a.go",
        "package a\nfunc main() {\n carts := map[string]int{}\n serve(func(k string) { carts := map[string]int{}; carts[k] = 1 })\n serve(func(k string) { carts[k] = 2 })\n}\n",
        &["state ~carts Closure Map in #0", "Insert ~carts in #2", "!Insert ~carts in #1"],
    );
}

#[test]
fn environment_variables_have_the_fallback_that_follows_them() {
    says(
        "a.go",
        "package a\nimport \"os\"\nfunc main() {\n port := os.Getenv(\"PORT\")\n if port == \"\" {\n  port = \"8080\"\n }\n host := os.Getenv(\"HOST\")\n if host == \"x\" { host = \"y\" }\n listen(port, []byte(os.Getenv(\"KEY\")), host)\n}\n",
        &["call ~listen($PORT or \"8080\", $KEY, ~host) in #0"],
    );
}

#[test]
fn a_struct_literal_is_a_call_with_its_fields_as_options() {
    says(
        "a.go",
        "package a\nimport (\"net/http\"; \"x.y/session\")\nfunc main() {\n srv := &http.Server{Addr: \":1\", Handler: mux()}\n srv.ListenAndServe()\n\
         session.New(session.Config{Storage: nil, Keys: []string{\"a\"}})\n var wait http.Client\n wait.Do(point{1, 2})\n}\n",
        &[
            "call net/http.Server({Addr: \":1\", Handler: ~mux()}) in #0 -> ~srv",
            "call net/http.Server().ListenAndServe() in #0",
            "call x.y/session.New(x.y/session.Config({Storage: null, Keys: [\"a\"]})) in #0",
            "call net/http.Client() in #0 -> ~wait",
            "call net/http.Client().Do(~point(1, 2)) in #0",
        ],
    );
}

#[test]
fn generated_files_say_nothing() {
    let generated = "// Code generated by protoc-gen-go. DO NOT EDIT.\n\npackage a\n\nvar x = map[string]int{}\n";
    assert!(lines("a.go", generated).is_empty());
    assert_eq!(extract("a.go", generated).facts.lines, 5);
    says(
        "a.go",
        "package a\n\n// Code generated by hand. DO NOT EDIT.\nvar x = map[string]int{}\n",
        &["state ~x Module Map"],
    );
}

#[test]
fn the_files_of_a_package_know_what_the_others_declare() {
    let mut files: Vec<_> = [
        ("cmd/main.go", "package main\nimport \"example.org/shop/store\"\nfunc main() {\n s := store.New()\n s.Carts[\"x\"] = 1\n s.Bot.Start()\n store.Default.Open().Close()\n shared.Run()\n}\n"),
        ("cmd/state.go", "package main\nimport \"github.com/gin-gonic/gin\"\nvar shared *gin.Engine\n"),
        ("store/new.go", "package store\nfunc New() *Store { return &Store{} }\nvar Default = New()\nfunc (s *Store) Open() *Store { return s }\n"),
        ("store/store.go", "package store\nimport tele \"gopkg.in/telebot.v3\"\ntype Store struct { Carts map[string]int; Bot *tele.Bot; next *Store }\n"),
    ]
    .iter()
    .map(|(path, text)| extract(path, text).facts)
    .collect();
    link(&mut files);
    let main = render(&files[0]);
    for fact in [
        "Insert example.org/shop/store.Store().Carts",
        "call gopkg.in/telebot.v3.Bot().Start()",
        "call example.org/shop/store.Store().Close()",
        "call github.com/gin-gonic/gin.Engine().Run()",
    ] {
        assert!(main.contains(fact), "`{fact}` is not said in\n{main}");
    }
    let found = module_candidates("cmd/main.go", "example.org/shop/store", Language::Go);
    assert!(found.contains(&"store/".to_owned()), "{found:?}");
}

#[test]
fn types_that_lead_in_a_circle_end() {
    let text = "package a\ntype A struct { b *B }\ntype B struct { a *A }\nfunc (x *A) f() { x.b.a.b.a.b.a.b.a.b.a.b.a.b.a.b.a.g() }\nfunc h() *A { return h().b.a }\n";
    let mut files =
        vec![extract("a.go", text).facts, extract("b.go", "package a\nfunc main() { h().b.a.b.a.g() }\n").facts];
    link(&mut files);
    assert!(render(&files[1]).contains("call ~A().g()"), "{}", render(&files[1]));
}
