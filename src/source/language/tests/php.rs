//! PHP: snippets in, facts out.

use super::{extract, says};

#[test]
fn names_are_written_with_dots_and_bare_where_nothing_imports_them() {
    says(
        "a.php",
        "<?php\nnamespace App\\Http;\nuse App\\Services\\{Cart, Order as O};\nuse Illuminate\\Support\\Facades\\Cache;\n\
         function f(Cart $cart, ?Request $request) {\n  Cache::lock('x', 10)->block(5);\n  \\Log::info('x');\n  (new O(1))->send();\n  $cart->add(id: 1, ...$rest);\n  $request->file('a')->store('b');\n  strlen(Support\\Text::of($rest)); $this->x();\n}\n",
        &[
            "import App.Services.Cart",
            "import App.Services.Order",
            "call Illuminate.Support.Facades.Cache.lock(\"x\", 10) in #0",
            "call Illuminate.Support.Facades.Cache.lock().block(5) in #0",
            "call Log.info(\"x\") in #0",
            "call App.Services.Order(1) in #0",
            "call App.Services.Order().send() in #0",
            "call App.Services.Cart().add(id=1, ...=~$rest) in #0",
            "call Request().file(\"a\") in #0",
            "call Request().file().store(\"b\") in #0",
            "call Support.Text.of(~$rest) in #0",
        ],
    );
}

#[test]
fn members_belong_to_their_class() {
    says(
        "a.php",
        "<?php\n#[Entity]\nclass Shop extends Base implements Sells {\n  use Counts;\n  private static array $carts = [];\n  public static int $hits = 0;\n  private $items = [];\n\
         \x20 public function __construct(private CartStore $store, private $n = 0) {}\n\
         \x20 #[Route('/cart', methods: ['POST'])]\n  public function add($id) {\n    self::$carts[$id] = 1;\n    static::$hits++;\n    $this->items[] = $id;\n    unset(Shop::$carts[$id]);\n    $this->store->put($id);\n    $this->save();\n    parent::add($id);\n    return count(self::$carts);\n  }\n  private static function save() {}\n}\n",
        &[
            "function #1 ~Shop().add exported",
            "function #2 ~Shop.save",
            "call Route(\"/cart\", methods=[\"POST\"]) decorates #1",
            "call CartStore().put(~$id) in #1",
            "call ~Shop().save() in #1",
            "call Base.add(~$id) in #1",
            "state ~Shop.carts ClassStatic List",
            "state ~Shop.hits ClassStatic Number",
            "state ~Shop().items Instance List",
            "Insert ~Shop.carts in #1",
            "Remove ~Shop.carts in #1",
            "Read ~Shop.carts in #1",
            "Increment ~Shop.hits in #1",
            "Insert ~Shop().items in #1",
        ],
    );
}

#[test]
fn a_class_mixes_in_what_it_uses() {
    let facts = extract(
        "a.php",
        "<?php\n#[Entity]\nclass Shop extends Base implements Sells {\n  use Counts, \\Lib\\Logs { x as y; }\n}\n",
    )
    .facts;
    let class = &facts.classes[0];
    assert_eq!((class.symbol.as_str(), class.span.line), ("~Shop", 3));
    assert_eq!(class.bases, ["Base", "Sells", "Counts", "Lib.Logs"]);
    assert_eq!(class.decorators, ["Entity"]);
}

#[test]
fn a_function_sees_its_own_variables_and_what_it_shares() {
    says(
        "a.php",
        "<?php\n$users = [];\n$mine = [];\nfunction f() { $users[] = 1; static $calls = 0; $calls++; global $mine; $mine[] = 2; }\n\
         $on = function () use (&$users) { $users[] = 3; $mine[] = 4; };\n$map = fn($x) => $users[$x];\n",
        &[
            "state ~$users Module List",
            "state ~$mine Module List",
            "state ~$calls Module Number",
            "Insert ~$mine in #0",
            "Increment ~$calls in #0",
            "Insert ~$users in #1",
            "Read ~$users in #2",
            "!Insert ~$users in #0",
            "!Insert ~$mine in #1",
        ],
    );
}

#[test]
fn superglobals_are_symbols_of_their_own() {
    says(
        "a.php",
        "<?php\nsession_start();\n$_SESSION['cart'][] = $_POST['id'];\nunset($_SESSION['x']);\nif ($_SERVER['REQUEST_METHOD'] === 'POST') {\n  move_uploaded_file($_FILES['photo']['tmp_name'], \"uploads/{$name}.png\");\n}\n$GLOBALS['n']++;\n",
        &[
            "call session_start()",
            "Insert $_SESSION",
            "Read $_POST",
            "Remove $_SESSION",
            "Read $_SERVER.REQUEST_METHOD",
            "Read $_FILES.photo",
            "call move_uploaded_file($_FILES.photo.tmp_name, \"uploads/{$name}.png\")",
            "Increment $GLOBALS",
        ],
    );
}

#[test]
fn values_are_what_the_text_tells() {
    says(
        "a.php",
        "<?php\ndefine('DB', 'localhost');\nconst LIMIT = 5;\nf(env('A', 'file'), getenv('B') ?: 'x', $_ENV['C'] ?? null, DB, ['a' => 1, 'b' => [1, 2]], 'sqlite:' . __DIR__ . '/x.db', sys_get_temp_dir() . '/x', Cart::class, match(true) { 1 => 'a', default => 'b' }, fn() => 1);\n",
        &[
            "setting ~DB = \"localhost\"",
            "setting ~LIMIT = 5",
            "call f($A or \"file\", $B or \"x\", $C or null, \"localhost\", {a: 1, b: [1, 2]}, \"sqlite:{__DIR__}/x.db\", .(sys_get_temp_dir(), \"/x\"), Cart, \"a\" | \"b\", #0)",
        ],
    );
}

#[test]
fn a_file_that_returns_an_array_is_a_configuration() {
    says(
        "config/cache.php",
        "<?php\nuse Illuminate\\Support\\Str;\nreturn [\n  'default' => env('CACHE_STORE', 'file'),\n  'stores' => [\n    'file' => ['driver' => 'file', 'path' => storage_path('x')],\n  ],\n  'list' => ['a', 'b'],\n];\n",
        &[
            "setting default = $CACHE_STORE or \"file\"",
            "setting stores.file.driver = \"file\"",
            "setting stores.file.path = storage_path(\"x\")",
            "setting list = [\"a\", \"b\"]",
        ],
    );
}

#[test]
fn files_are_included_by_their_paths() {
    says(
        "web/index.php",
        "<?php\nrequire __DIR__ . '/../inc/db.php';\ninclude_once 'header.php';\nrequire dirname(__FILE__) . '/x.php';\nrequire ROOT . '/lib/a.php';\ninclude $page;\n",
        &["import ./../inc/db.php", "import header.php", "import ./x.php", "import lib/a.php"],
    );
}

#[test]
fn html_around_is_no_code() {
    let facts = extract(
        "a.phtml",
        "<ul>\n<?php foreach ($xs as $x): ?>\n  <li><?= h($x) ?></li>\n<?php endforeach; ?>\n</ul>\n",
    );
    assert_eq!(facts.problems, []);
    assert_eq!((facts.facts.calls.len(), facts.facts.calls[0].span.line), (1, 3));
}
