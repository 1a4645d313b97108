//! Kotlin: snippets in, facts out.

use super::{extract, lines, says};

#[test]
fn a_type_goes_by_the_name_that_it_is_imported_by() {
    says(
        "a.kt",
        "package shop\nimport org.x.Bus\nimport org.y.*\nimport java.util.concurrent.Executors\nimport io.z.get as fetch\n\
         class CartController(private val store: CartStore, bus: Bus?) : Base<Cart>(1), A, B by store {\n  private val timer = java.util.Timer()\n  private val mine = bus!!\n\
         fun run(orders: Orders, o: Any) { store.add(1); mine.send(2); orders.all()?.first(); Clock.now(); helper(); val a = Orders(); a.all(); timer.cancel(); fetch(\"/x\") { it.y() }\n\
         Executors.newFixedThreadPool(4).submit(this::helper); Outer.Inner.go(); super.run(); foo(bar = 1, *args); a.let(::helper)\n}\n private fun helper() {} }\n",
        &[
            "import org.x.Bus",
            "import org.y",
            "call CartStore().add(1) in #0",
            "call org.x.Bus().send(2) in #0",
            "call Orders().all() in #0",
            "call Orders().all().first() in #0",
            "call Clock.now() in #0",
            "call ~CartController().helper() in #0",
            "call Timer().cancel() in #0",
            "call io.z.get(\"/x\", #1) in #0",
            "call Executors.newFixedThreadPool().submit(~CartController().helper) in #0",
            "call Outer.Inner.go() in #0",
            "call super.run() in #0",
            "call foo(bar=1, ...=args) in #0",
        ],
    );
    let facts = extract(
        "a.kt",
        "import org.w.Web\n@RestController @Web(\"x\") class A : Hub<Chat>(), X, y.Z\nobject D : F\nenum class E(val n: Int) : G { P(1), Q(2) }\nval x = object : H { }\n",
    )
    .facts;
    let classes: Vec<_> =
        facts.classes.iter().map(|c| (c.symbol.as_str(), c.bases.join(" "), c.decorators.join(" "))).collect();
    let expected =
        [("~A", "Hub X y.Z", "RestController org.w.Web"), ("~D", "F", ""), ("~E", "G", ""), ("~class4", "H", "")];
    assert_eq!(classes, expected.map(|(class, bases, with)| (class, bases.to_string(), with.to_string())));
}

#[test]
fn state_is_what_files_objects_and_companions_hold() {
    says(
        "a.kt",
        "val carts = mutableMapOf<String, Cart>()\nprivate var next = 0\nconst val MAX = 3\nval limit = 5\nlateinit var repo: Repo\nval shop by lazy { Shop(3) }\n\
         object Registry {\n  private val seen = Collections.synchronizedSet<Session?>(LinkedHashSet())\n  fun add(s: Session) { seen += s; seen.add(s) }\n}\n\
         class Shop(val n: Int, var names: MutableList<String> = mutableListOf()) {\n  private val ids = AtomicLong()\n  private var cache: Map<String, Int> = emptyMap()\n\
         \n  companion object {\n  val ROWS = ConcurrentHashMap<String, Int>()\n  fun make() = Shop(1)\n  }\n  init { ROWS[\"a\"] = 1 }\n\
         fun f(k: String) { carts[k] = v; carts.remove(k); next++; next += 1; ids.incrementAndGet(); ROWS.clear(); Shop.ROWS.remove(k); names.add(k); cache = cache + 1\n\
         val cart = carts.getOrPut(k) { Cart() }; cart.items.add(1); for ((a, c) in carts) { c.total += 2 }\n Registry.seen.clear(); Other.rows.add(1); repo.save(1); val total = limit } }\n",
        &[
            "state ~carts Module Map",
            "state ~next Module Number",
            "!state ~MAX",
            "!state ~limit",
            "state ~repo Module Result(\"Repo\")",
            "state ~shop Module Result(\"~Shop\")",
            "state ~Registry.seen ClassStatic Set",
            "state ~Shop().names Instance List",
            "state ~Shop().ids Instance Number",
            "state ~Shop().cache Instance Map",
            "state ~Shop.ROWS ClassStatic Map",
            "Increment ~Registry.seen in #0",
            "Insert ~Registry.seen in #0",
            "function #1 ~Shop.make exported",
            "Insert ~Shop.ROWS in #2",
            "Insert ~carts in #3",
            "Remove ~carts in #3",
            "Increment ~next in #3",
            "Increment ~Shop().ids in #3",
            "Clear ~Shop.ROWS in #3",
            "Remove ~Shop.ROWS in #3",
            "Insert ~Shop().names in #3",
            "Assign ~Shop().cache in #3",
            "Clear ~Registry.seen in #3",
            "Insert Other.rows in #3",
            "call Repo().save(1) in #3",
        ],
    );
    let inserts = lines(
        "a.kt",
        "val x = HashMap<Int, MutableList<Int>>()\nfun f() { x[1]?.add(2); x.getOrPut(3) { y }.add(4); val q = x[5]!!; q.add(6); x.put(1, z) }\n",
    );
    assert_eq!(inserts.iter().filter(|line| line.starts_with("Insert ~x")).count(), 5, "{inserts:#?}");
}

#[test]
fn lambdas_behind_calls_are_their_last_arguments() {
    says(
        "a.kt",
        "import io.ktor.server.sessions.*\nimport io.ktor.server.routing.get\n\
         fun Application.module() {\n  install(Sessions) { cookie<User>(\"S\", SessionStorageMemory()) { cookie.path = \"/\" } }\n\
         routing { route(\"/a\") { get(\"/b\") { call.respond(carts.size) }\n post<Add> { add -> save(add) } } }\n  GlobalScope.launch(Dispatchers.IO) { while (true) { delay(1000) } }\n}\n\
         fun main() { embeddedServer(Netty, port = 8080, module = Application::module).start(wait = true) }\n",
        &[
            "function #0 ~module exported",
            "call install(Sessions, #1) in #0",
            "call cookie(\"S\", SessionStorageMemory(), #2) in #1",
            "call routing(#3) in #0",
            "call route(\"/a\", #4) in #3",
            "call io.ktor.server.routing.get(\"/b\", #5) in #4",
            "call post(#6) in #4",
            "call save(~add) in #6",
            "call GlobalScope.launch(Dispatchers.IO, #7) in #0",
            "call delay(1000) in #7",
            "call embeddedServer(Netty, port=8080, module=Application.module) in #8",
        ],
    );
}

#[test]
fn annotations_decorate_and_values_are_told() {
    says(
        "a.kt",
        "@RequestMapping(\"/api\") class A(@Value(\"x\") val key: String) {\n  @PostMapping(value = [\"/carts\"], consumes = [JSON]) suspend fun add(@RequestBody cart: Cart): ResponseEntity<Cart>? { synchronized(this) { repo.save(cart) }; return null }\n\
         @Scheduled(fixedRate = 5000) @B fun tick() = flush()\n  val url get() = \"x\"\n  val made: Conn\n    get() { return connect() }\n\
         fun go() { connect(\"jdbc:sqlite:$path\", \"jdbc:h2:${key}/x\", System.getenv(\"KEY\"), System.getenv(\"B\") ?: \"b\", System.getenv(\"C\") ?: error(\"no\"), \"\"\"a \"b\" \"\"\", Cart::class.java, -3, if (c) 1 else 2, when (x) { 1 -> \"p\"; else -> { \"q\" } }, 'c', 1_000L, listOf(1), null, x as String)\n\
         Timer().schedule(object : TimerTask() {\n  override fun run() {\n  repo.flush()\n }\n }, 5)\n try { a() } catch (e: E) { e.print() } finally { b() }\n }\n}\n",
        &[
            "call RequestMapping(\"/api\")",
            "function #0 ~A().add exported gives Cart()",
            "call PostMapping([\"/carts\"], consumes=[JSON]) decorates #0",
            "call synchronized(~A(), #1) in #0",
            "call Scheduled(fixedRate=5000) decorates #2",
            "call B() decorates #2",
            "function #3 ~A().url exported",
            "function #4 ~A().made exported gives Conn()",
            "call Timer().schedule(TimerTask(~class2), 5) in #5",
            "function #6 ~class2().run in #5 exported",
            "call ~e.print() in #5",
            "call connect(\"jdbc:sqlite:{path}\", \"jdbc:h2:{A().key}/x\", $KEY, $B or \"b\", $C, \"a \\\"b\\\" \", Cart, -3, 1 | 2, \"p\" | \"q\", \"c\", 1000, listOf(1), null, x) in #5",
        ],
    );
}

#[test]
fn generated_files_say_nothing() {
    let text = "// Generated by the protocol buffer compiler.  DO NOT EDIT!\npackage a\nvar x = 0\nfun f() { x++ }\n";
    let facts = extract("a.kt", text).facts;
    assert_eq!((facts.lines, facts.states.len(), facts.functions.len()), (4, 0, 0));
}
