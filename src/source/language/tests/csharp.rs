//! C#: snippets in, facts out.

use super::{extract, lines, says};

#[test]
fn a_type_goes_by_its_bare_name_and_an_object_by_that_of_its_type() {
    says(
        "a.cs",
        "using System.IO; using Cache = Shop.Caching.LocalCache; namespace Shop;\n\
         class CartController(ICartStore store, ILogger<CartController> log) : ControllerBase, IDisposable {\n\
         private readonly System.Net.Http.HttpClient _http; Cart Cart { get; } = new Cart();\n\
         public CartController(ICartStore s) : this(s, null) { other = s; }\n\
         void Run(Orders? orders) { store.Add(1); this.store.Add(2); _http?.GetAsync(\"x\").ConfigureAwait(false); Cart.Add(3); orders.All();\n\
         var clock = services.GetRequiredService<IClock>(); clock.Now(); IBus bus = factory.Make(); bus.Send(); new Cache().Drop(); System.IO.File.Delete(\"p\"); Helper(); base.Run(); var a = new Orders(); a.All(); Clock.Now(); } void Helper() {} }\n",
        &[
            "import System.IO",
            "import Shop.Caching.LocalCache",
            "call ICartStore().Add(1) in #1",
            "call ICartStore().Add(2) in #1",
            "call HttpClient().GetAsync(\"x\") in #1",
            "call Cart().Add(3) in #1",
            "call Orders().All() in #1",
            "call IClock().Now() in #1",
            "call IBus().Send() in #1",
            "call LocalCache().Drop() in #1",
            "call File.Delete(\"p\") in #1",
            "call ~CartController().Helper() in #1",
            "call base.Run() in #1",
            "call Clock.Now() in #1",
            "!call ConfigureAwait",
        ],
    );
    let facts = extract(
        "a.cs",
        "[ApiController, Route(\"x\")] class A : Hub<IChat>, X.B { class C {} } record D(int E) : F(E);",
    )
    .facts;
    let classes: Vec<_> = facts.classes.iter().map(|c| (c.symbol.as_str(), &c.bases[..], &c.decorators[..])).collect();
    let (bases, decorators) = (["Hub".into(), "B".into()], ["ApiController".into(), "Route".into()]);
    assert_eq!(classes, [("~A", &bases[..], &decorators[..]), ("~C", &[], &[]), ("~D", &["F".into()], &[])]);
}

#[test]
fn state_is_what_static_fields_and_those_of_objects_hold() {
    says(
        "a.cs",
        "class Shop {\n static readonly ConcurrentDictionary<string, Cart> Carts = new(); private int _n; const int Max = 3; static int next;\n\
         [ThreadStatic] static List<int> mine; public List<string>? Names { get; set; } string[] _rows = new string[2]; event Action Changed;\n\
         static readonly HashSet<int> Ids = [1, 2]; private readonly IStore _store; bool _ready; public int Size => _n;\n\
         void F(string k) { Carts[k] = v; Carts.TryAdd(k, v); Shop.Carts.TryRemove(k, out _); this._n++; Interlocked.Increment(ref next); Names.Clear(); _ready = true;\n\
         if (Carts.TryGetValue(k, out var cart)) { cart.Items.Add(1); } foreach (var (a, b) in Carts) { b.Total += 2; } _store.Add(1); Other.Rows.Add(1); Other.Rows[1].X = 2; }\n}\n",
        &[
            "state ~Shop.Carts ClassStatic Map",
            "state ~Shop()._n Instance Number",
            "state ~Shop.next ClassStatic Number",
            "state ~Shop().Names Instance List",
            "state ~Shop()._rows Instance List",
            "state ~Shop.Ids ClassStatic Set",
            "state ~Shop()._ready Instance Bool",
            "state ~Shop()._store Instance Result(\"IStore\")",
            "!state ~Shop.Max",
            "!state ~Shop.mine",
            "!state ~Shop().Changed",
            "!state ~Shop().Size",
            "Insert ~Shop.Carts in #1",
            "Remove ~Shop.Carts in #1",
            "Increment ~Shop()._n in #1",
            "Increment ~Shop.next in #1",
            "Clear ~Shop().Names in #1",
            "Assign ~Shop()._ready in #1",
            "Read ~Shop.Carts in #1",
            "Insert Other.Rows in #1",
        ],
    );
    let inserts = lines(
        "a.cs",
        "class A { static Dictionary<int, List<int>> x = new(); void F() { if (x.TryGetValue(1, out var y)) y.Add(2); x.GetOrAdd(3, z).Add(4); var q = x[5]; q.Add(6); } }",
    );
    assert_eq!(inserts.iter().filter(|line| line.starts_with("Insert ~A.x")).count(), 4, "{inserts:#?}");
}

#[test]
fn top_level_statements_are_the_module_and_lambdas_are_handlers() {
    says(
        "Program.cs",
        "var builder = WebApplication.CreateBuilder(args);\nbuilder.Services.AddSingleton<ICarts, Carts>();\nbuilder.Services.AddDbContext<Db>(o => o.UseSqlite(builder.Configuration.GetConnectionString(\"Db\") ?? \"Data Source=a.db\"));\n\
         var app = builder.Build();\nvar carts = new Dictionary<string, Cart>();\napp.MapGet(\"/carts/{id}\", async (string id, Db db) => carts[id]);\napp.MapPost(\"/carts\", Add);\napp.UseMiddleware(typeof(Gate));\n\
         var key = Environment.GetEnvironmentVariable(\"KEY\") ?? \"x\"; use(key, $\"a{key}\", nameof(app.Run), @\"c:\\\"\"d\", builder.Configuration[\"Region\"]);\napp.Run();\n\
         IResult Add(Cart cart) { carts.Add(cart.Id, cart); return null; }\n",
        &[
            "call WebApplication.CreateBuilder().Services.AddSingleton(<>=ICarts, <>=Carts)",
            "call WebApplication.CreateBuilder().Services.AddDbContext(#0, <>=Db)",
            "call ~o.UseSqlite($Db or \"Data Source=a.db\") in #0",
            "call WebApplication.CreateBuilder().Build().MapGet(\"/carts/{id}\", #1)",
            "call WebApplication.CreateBuilder().Build().MapPost(\"/carts\", ~Add)",
            "call WebApplication.CreateBuilder().Build().UseMiddleware(Gate)",
            "call use($KEY or \"x\", ?, \"Run\", \"c:\\\\\\\"d\", $Region)",
            "state ~carts Module Map",
            "Read ~carts in #1",
            "Insert ~carts in #2",
        ],
    );
}

#[test]
fn attributes_decorate_and_events_are_handed_functions() {
    says(
        "a.cs",
        "class A { [HttpPost(\"{id}\", Name = \"add\"), Authorize] public async Task<ActionResult<Cart>> Add([FromBody] Cart cart) { lock (gate) { await db.SaveChangesAsync(); } return Ok(); }\n\
         void B(DiscordSocketClient client) { client.MessageReceived += OnMessage; client.Ready += async () => { x = 1; }; }\n Task OnMessage(SocketMessage m) => m.Channel.SendMessageAsync(\"x\");\n\
         void C() { var o = new Options { Store = new MemoryStore(), Names = { \"a\" }, [\"k\"] = 1 }; Use(new { o.Store, Id = 2 }, (1, 2), x is Cart c ? c : default); }\n\
         #if DEBUG\n void Only() { debugging(); }\n#else\n void Always() { released(); }\n#endif\n}\n",
        &[
            "function #0 ~A().Add exported gives Cart()",
            "call HttpPost(\"{id}\", Name=\"add\") decorates #0",
            "call Authorize() decorates #0",
            "call lock(gate) in #0",
            "call DiscordSocketClient().MessageReceived(~A().OnMessage) in #1",
            "call DiscordSocketClient().Ready(#2) in #1",
            "call Options({Store: MemoryStore(), Names: [\"a\"], k: 1}) in #4 -> ~o",
            "call released() in #5",
            "!debugging",
        ],
    );
}

#[test]
fn generated_files_say_nothing() {
    let text = "//------\n// <auto-generated>\n//------\nclass A { static int x; void F() { x++; } }\n";
    let facts = extract("a.cs", text).facts;
    assert_eq!((facts.lines, facts.states.len(), facts.functions.len()), (4, 0, 0));
}
