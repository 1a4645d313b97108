//! Java: snippets in, facts out.

use super::{extract, lines, says};

#[test]
fn a_type_goes_by_the_name_that_it_is_imported_by() {
    says(
        "a.java",
        "package shop; import org.x.Bus; import org.y.*; import java.util.concurrent.Executors; import static spark.Spark.get;\n\
         class CartController extends Base<Cart> implements A, b.C { private final CartStore store; @Autowired Bus bus; private final java.util.Timer timer = new java.util.Timer();\n\
         CartController(CartStore store) { super(1); this.store = store; }\n\
         void run(Orders orders, Object o) { store.add(1); this.bus.send(2); orders.all().first(); Clock.now(); helper(); var a = new Orders(); a.all(); timer.cancel(); get(\"/x\", (req, res) -> store.list());\n\
         Executors.newFixedThreadPool(4).submit(this::helper); if (o instanceof Bus b && b.ready()) { b.send(3); } Outer.Inner.go(); super.run(); Optional.ofNullable(store).get(); } void helper() {} }\n",
        &[
            "import org.x.Bus",
            "import org.y",
            "import java.util.concurrent.Executors",
            "call CartStore().add(1) in #1",
            "call org.x.Bus().send(2) in #1",
            "call Orders().all() in #1",
            "call Orders().all().first() in #1",
            "call Clock.now() in #1",
            "call ~CartController().helper() in #1",
            "call Timer().cancel() in #1",
            "call spark.Spark.get(\"/x\", #2) in #1",
            "call Executors.newFixedThreadPool().submit(~CartController().helper) in #1",
            "call org.x.Bus().send(3) in #1",
            "call Outer.Inner.go() in #1",
            "call super.run() in #1",
        ],
    );
    let facts = extract(
        "a.java",
        "import org.w.Web; @RestController @Web class A extends Hub<Chat> implements X, y.Z {} record D(int e) implements F {} enum E implements G { P(1) { void f() {} }, Q; int n; }",
    )
    .facts;
    let classes: Vec<_> =
        facts.classes.iter().map(|c| (c.symbol.as_str(), c.bases.join(" "), c.decorators.join(" "))).collect();
    let expected =
        [("~A", "Hub X y.Z", "RestController org.w.Web"), ("~D", "F", ""), ("~E", "G", ""), ("~class4", "", "")];
    assert_eq!(classes, expected.map(|(class, bases, with)| (class, bases.to_string(), with.to_string())));
}

#[test]
fn state_is_what_static_fields_and_those_of_objects_hold() {
    says(
        "a.java",
        "class Shop {\n static final Map<String, Cart> CARTS = new ConcurrentHashMap<>(); private int n; static final int MAX = 3; private static int next; public static boolean open;\n\
         private static final ThreadLocal<List<String>> mine = new ThreadLocal<>(); private final AtomicLong ids = new AtomicLong(); List<String> names; String[] rows = new String[2];\n\
         private final Set<Integer> seen = Collections.synchronizedSet(new HashSet<>()); private final Repo repo; private Cache<String, Cart> cache = Caffeine.newBuilder().build();\n\
         static { CARTS.put(\"a\", null); }\n\
         void f(String k) { CARTS.put(k, v); Shop.CARTS.remove(k); this.n++; next += 1; names.clear(); ids.incrementAndGet(); open = true;\n\
         Cart cart = CARTS.computeIfAbsent(k, x -> new Cart()); cart.items.add(1); for (Cart c : CARTS.values()) { c.total += 2; } repo.add(1); Other.ROWS.add(1); org.Other.ROWS.add(2); }\n}\n",
        &[
            "state ~Shop.CARTS ClassStatic Map",
            "state ~Shop().n Instance Number",
            "state ~Shop.next ClassStatic Number",
            "state ~Shop.open ClassStatic Bool",
            "state ~Shop().ids Instance Number",
            "state ~Shop().names Instance List",
            "state ~Shop().rows Instance List",
            "state ~Shop().seen Instance Set",
            "state ~Shop().repo Instance Result(\"Repo\")",
            "state ~Shop().cache Instance Result(\"Caffeine.newBuilder().build\")",
            "!state ~Shop.MAX",
            "Insert ~Shop.CARTS",
            "Insert ~Shop.CARTS in #0",
            "Remove ~Shop.CARTS in #0",
            "Increment ~Shop().n in #0",
            "Increment ~Shop.next in #0",
            "Clear ~Shop().names in #0",
            "Increment ~Shop().ids in #0",
            "Assign ~Shop.open in #0",
            "Insert Other.ROWS in #0",
        ],
    );
    let inserts = lines(
        "a.java",
        "class A { static Map<Integer, List<Integer>> x = new HashMap<>(); void f() { x.get(1).add(2); x.computeIfAbsent(3, z -> y).add(4); var q = x.get(5); q.add(6); x.put(1, null); } }",
    );
    assert_eq!(inserts.iter().filter(|line| line.starts_with("Insert ~A.x")).count(), 5, "{inserts:#?}");
}

#[test]
fn annotations_decorate_and_locks_are_calls() {
    says(
        "a.java",
        "@RequestMapping(\"/api\") class A { @PostMapping(value = \"/carts\", consumes = {JSON, \"x\"}) public ResponseEntity<Cart> add(@RequestBody Cart cart) { synchronized (this) { repo.save(cart); } return null; }\n\
         @Scheduled(fixedRate = 5000) @B void tick() {} private synchronized void next() {} void go() { new Timer().schedule(new TimerTask() { @Override public void run() { repo.flush(); } }, 5);\n\
         String url = \"jdbc:sqlite:\" + path; open(url, \"jdbc:h2:mem:x\", System.getenv(\"KEY\"), Optional.ofNullable(System.getenv(\"B\")).orElse(\"b\"), \"\"\"\n  text\"\"\", Cart.class, 1 + 2, -3, cond ? 1 : 2); try (Conn c = pool.take()) { c.ask(); } catch (E e) { e.print(); } } }\n",
        &[
            "call RequestMapping(\"/api\")",
            "function #0 ~A().add exported gives Cart()",
            "call PostMapping(\"/carts\", consumes=[JSON, \"x\"]) decorates #0",
            "call Scheduled(fixedRate=5000) decorates #1",
            "call B() decorates #1",
            "call synchronized(~A()) in #0",
            "call synchronized() in #2",
            "call Timer().schedule(TimerTask(~class2), 5) in #3",
            "function #4 ~class2().run in #3 exported",
            "call open(\"jdbc:sqlite:{path}\", \"jdbc:h2:mem:x\", $KEY, $B or \"b\", \"text\", Cart, ?, -3, 1 | 2) in #3",
            "call Conn().ask() in #3",
            "call ~e.print() in #3",
        ],
    );
}

#[test]
fn generated_files_say_nothing() {
    let text = "// Generated by the protocol buffer compiler.  DO NOT EDIT!\npackage a;\nclass A { static int x; void f() { x++; } }\n";
    let facts = extract("a.java", text).facts;
    assert_eq!((facts.lines, facts.states.len(), facts.functions.len()), (3, 0, 0));
}
