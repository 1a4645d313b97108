//! Text that no compiler would take.

use proptest::prelude::*;

use super::super::{ADAPTERS, Extracted};
use super::extract;
use crate::model::fact::Language;

/// A snippet of each language that uses most of its grammar.
pub(super) const REAL: &[(&str, &str)] = &[
    (
        "a.py",
        "from .store import carts as c\nimport os\nclass Shop(Base):\n    items = {}\n    def __init__(self, a: int = 1, *args, **kw):\n        self.a, self.b = a, {}\n\
         \x20   @app.route('/x')\n    async def add(self):\n        global n\n        n += 1\n        async with open('x') as f: await f.read()\n        del self.items['x']\n        return [i for i in c if i] or {**kw}\n\
         n = 0\nx = lambda y: y if y else None\nmatch n:\n    case [1, *rest]: pass\n    case _: print(f'{n!r}')\nif (z := 3) > 2: pass\n",
    ),
    (
        "a.js",
        "import a, { b as c } from './d';\nconst { e: { f = 1 } = {}, ...g } = require('h');\nlet n = 0;\nexport default class I extends J { #k = new Map(); static l = 1; constructor() { super(); this.m = []; } get o() { return this.#k ?? `t${n}`; } }\n\
         async function* p(q = 1, ...r) { for await (const s of q) yield s; n++; [n, a.b] = r; delete a.b?.[1]; try { throw n; } catch { } finally { } }\n\
         module.exports = { p, t: () => n, ['u' + 1]: 2, ...g };\nlabel: while (n ||= 2) { switch (n) { case 1: break label; } }\n",
    ),
    (
        "a.tsx",
        "import type { A } from 'a';\n@D() export class B<T> implements C { @E() private x: Map<string, T> = new Map(); constructor(private readonly y: A) {} }\nenum F { G = 1 }\n\
         namespace H { export const i = 1 as const; }\nabstract class J { abstract k(): void }\nexport const L = ({ m }: { m: A }) => <div onClick={() => m!.n()}>{m satisfies A}</div>;\ndeclare module 'o';\n",
    ),
    (
        "a.go",
        "// Package a.\npackage a\nimport (\n\t\"fmt\"\n\tb \"c.d/e/v2\"\n\t_ \"f\"\n)\nconst ( A = iota; B )\nvar c, d = map[string][]int{\"x\": {1, 2}}, make(chan int)\ntype E[T any] struct { F; *b.G; h, i []T `json:\"h\"` }\ntype J interface { K(x int) (y string, err error); ~int | string }\n\
         func (e *E[T]) L(m ...int) (n int, err error) {\n\tdefer func() { recover() }()\n\tif o, ok := c[`p`]; ok && len(o) > 0x1F { n++ } else if n == 0 { return -1, nil } else { goto q }\nq:\n\
         \tfor i, v := range m { e.h = append(e.h, *new(T)); _, d := v, i; fmt.Println(d, m[1:], 'r', 1.5e3i) }\n\tswitch x := any(n).(type) { case int, *E[T]: _ = x; default: break }\n\
         \tselect { case v, ok := <-d: _, _ = v, ok; case d <- 1: go e.L(m...); default: }\n\tvar y = [...]struct{ z int }{{1}, {z: 2}}; y[0].z, n = n, y[1].z; b.W[int](func(s string) error { return nil })\n\tdelete(c, \"x\"); return\n}\n",
    ),
    (
        "a.cs",
        "using System; using static A.B; using C = D.E<int>; [assembly: F(\"g\")] namespace H.I { \n[J(1, K = 2)] public abstract partial class L<T>(int m, M<T> n) : O(m), IP<T> where T : class, new() { \n\
         private readonly Dictionary<string, List<T?>> _q = new() { [\"a\"] = [1, ..r], [\"b\"] = new() }; public int S { get; set => field = value; } = 3; public T this[int i] => _t[i]; event Action? U;\n\
         protected L(int v) : this(v, null!) { (w, var x) = (v, 1); } public static L<T> operator +(L<T> a, L<T> b) => a; ~L() { }\n#region y\n async IAsyncEnumerable<int> Z<A>(ref int a, out A b, params int[] c) { b = default; await foreach (var (d, e) in f()) yield return d; using var g = new H(); lock (this) { a++; }\n\
         try { throw new X($\"{a:N2} {@b}\"); } catch (X ex) when (ex is { Y: > 1 and not 3, Z: [_, .., var q] } z) { } finally { } goto done; done: switch (a) { case 1 when b is null: case int k: break; default: return; } }\n#endregion\n\
         int N => m switch { 1 or 2 => 3, > 4 => 5, _ => throw null } ?? (from i in xs let j = i where j > 1 orderby j descending group j by i into k select k).First()?.Y!.Z?[0] ?? checked((int)~m); }\n\
         record struct R(int A); interface IS { void T() { } } enum E : byte { A = 1, B } delegate void G(int x);\n#if DEBUG\n class D1 { }\n#else\n class D2 { }\n#endif\n}\n",
    ),
    (
        "a.java",
        "package a.b; import c.D; import e.*; import static f.G.h; @I({1, 2}) public sealed abstract class J<T extends K & L> extends m.N<T> implements O, P<?> permits Q {\n\
         private static final Map<String, List<? super T[]>> r = new HashMap<>() {{ put(\"a\", null); }}; @S(t = U.class, v = @W) protected volatile int x, y[] = {1, 0x2F}, z = 'c'; static { z++; } { this.x = 1; }\n\
         public <V> J(@A final V v, int... n) throws B { super(v); J.this.x += n.length; } abstract void c(); default synchronized void d() { synchronized (r) { r.clear(); } }\n\
         @E(\"/f\") public CompletableFuture<T> g(J<T> this, T[] t) { for (int i = 0, j = 1; i < j; i++) continue; for (var k : t) { l: while (true) break l; } do { assert x > 1 : \"m\"; } while (!n);\n\
         try (var o = new P(); q) { throw new R(); } catch (S | T u) { } finally { } switch (v) { case 1, 2: w(); break; default: x(); } return y instanceof Z(int a, var b) && a > ~b ? c::d : E[]::new; }\n\
         int f = switch (g) { case H h when h.i > 1 -> { yield 2; } case null, default -> -3; }; Runnable j = () -> { class K {} record L(int m) { L { n(); } } }, o = (int p, int q) -> (String) r[1], s = t -> u.new V();\n\
         enum W { X(1) { @Override void y() { } }, Z; private W() { this(2); } } interface A extends B, C { int D = 1; } @interface E { int f() default 1; } String g = \"\"\"\n  h \\\"\"\" i\n  \"\"\" + 'j' + 1.5e3f + 0b1L + 017; }\n",
    ),
    (
        "a.kt",
        "@file:JvmName(\"x\")\npackage a.b\nimport c.D\nimport e.*\nimport f.g as h\ntypealias T = Map<String, Int>\nprivate const val A = 0x1F\nval List<Int>.second: Int get() = this[1]\n\
         @I([\"a\"], b = 1) sealed class J<out T : Any>(@field:K val l: T?, vararg m: Int = n) : O<T>(l), P, Q by r {\n  private val s: MutableMap<String, List<*>> by lazy { mutableMapOf() }\n  var t = 1\n    private set(value) { field = value }\n\
         \x20 companion object V : W() {\n    @JvmStatic fun x() = X()\n  }\n  init { t++ }\n  constructor(y: Int) : this(null, y) { this@J.t -= -y }\n  inner class Z\n  abstract suspend fun <A> aa(b: (A) -> Unit): A where A : B\n\
         \x20 override operator fun get(i: Int) = when (val k = i) { in 0..9, !in c -> \"a $k ${k + 1}\"; is D -> 'e'; else -> throw F(\"\"\"g $h \"i\" \"\"\") }\n}\n\
         enum class E(val n: Int) { U(1), V(2) }\ndata object S\nfun Route.x(y: Z? = null, block: suspend Route.() -> Unit) = route(\"/a\") { get<B> { (c, _), d -> call.e(*f, g = h?.i ?: return@get) } }\n\
         fun main() {\n  val (a, b) = c to d\n  l@ for ((i, j) in m.withIndex()) { if (i !== j as Int) continue@l else break }\n  do { x[0, 1] += y!! } while (z is A && !b || c in d)\n  try { e() } catch (f: G) { h } finally { i }\n\
         \x20 val k = fun(x: Int): Int { return x }\n  val o = object : A(1), B {\n    override fun c() {}\n  }\n  list.map(String::length).forEach(::println)\n  val n = if (a) { 1 } else if (b) 2 else null\n  while (true) {}\n}\n",
    ),
    (
        "a.rs",
        "use std::{sync::Mutex, collections::HashMap as M};\nstatic A: Mutex<M<u8, u8>> = Mutex::new(M::new());\nstruct B<'a, T>(&'a T, u8);\nenum C { D { e: u8 }, F(u8), G }\ntrait H { fn i(&self) -> u8 { 1 } }\n\
         impl<T> H for B<'_, T> where T: Copy { fn i(&self) -> u8 { self.1 } }\nasync fn j<K: Fn(u8)>(k: K) -> Result<(), ()> { let Some(x) = A.lock().unwrap().get(&1).copied() else { return Err(()) };\n\
         \x20 match x { 1..=3 | 5 if x > 2 => k(x), n @ _ => drop(n) } 'l: loop { break 'l; } let y = async move { x as u64 }.await; Ok(()) }\nmacro_rules! m { ($a:expr) => { $a } }\n",
    ),
    (
        "a.rb",
        "require_relative 'x'\nmodule A::B\n  extend self\n  C = %w[a b].freeze\n  class D < E::F\n    include G\n    @@h = {}\n    attr_accessor :i\n    class << self; def j(k = 1, *l, m:, n: 2, **o, &p) = @q ||= {}; end\n    def r; yield; rescue S => e; retry; ensure; super; end\n\
         \x20   private def t?(u) = !u && u&.v[:w, 1]&.x!\n  end\nend\na, (b, *c) = d, 1\n$e += 1 unless f\ng = if h then <<~T else nil end\n  i #{j}\nT\nk.each_with_index { |(l, m), n| n << l; next if _1 }\ncase o when 1..2, P then q else r end\ncase s\nin {t: [u, *]} then 1\nend\n\
         until x do y ||= ->(z) { z.() } end\nfor w in 1..3 do puts :\"v\", /a#{b}/, `c`, 'd' \\\n 'e', ?f, 1r, __FILE__, %i[g] end\nbegin; i rescue 1; end while j\nreturn not(k) ? -1 : l.m = 1\nBEGIN { n }\n",
    ),
    (
        "a.php",
        "<html><?php declare(strict_types=1);\nnamespace App\\Http;\nuse App\\{Cart, Order as O};\nuse function App\\f;\n#[R('/x', methods: ['GET'])]\nabstract class A extends \\B implements C { use T, U { T::x insteadof U; } const X = 1; public static ?array $i = [], $j; private Cart|null $c;\n\
         public function __construct(private readonly Cart $d, int &$n = 5, ...$rest) {}\n#[R] final public static function g(?Cart $a): ?static { static $n = 0, $m; global $g; self::$i[] = 1; static::$x['a'] = $this?->c->add(x: 1, ...$z); parent::g(); return new static; } }\n\
         interface D { const Y = 2; }\nenum E: string { case F = 'f'; }\nfunction h(int|string $x = null): iterable { yield $x => 1; yield from f(...); }\n$f = static function () use ($x, &$y) { unset($a['k'], $b); };\n$k = fn($a) => $a ?? $b ?: -1;\n\
         foreach ($xs as $k => &$v): echo \"a $v {$v['x']} $v->y $v[x]\"; endforeach;\n[$a, 'k' => [$b]] = list(, $c) = f();\n$m = match(true) { 1, 2 => 'x', default => throw new \\E('\\'s') };\n$z ??= <<<E\n hi {$x->y()}\n E . 'x';\n\
         try { $o = new class(1) extends B { }; } catch (\\E | F $e) { exit(1); } finally { goto end; }\nend: switch ($x) { case 1: break; default: $$x = `ls`; } if ($x): elseif ($y): else: endif; require_once __DIR__ . '/a.php';\nreturn ['a' => env('X'), 1, 'b' => ['c' => [...$x]]]; ?></html>\n",
    ),
];

fn everywhere(text: &str) -> Vec<Extracted> {
    ADAPTERS.iter().map(|adapter| (adapter.extract)(&format!("a.{}", adapter.extensions[0]), text)).collect()
}

#[test]
fn real_code_of_every_language_is_understood() {
    for (path, text) in REAL {
        let extracted = extract(path, text);
        assert_eq!(extracted.problems, [], "{path}");
        assert!(!extracted.facts.functions.is_empty(), "{path}");
    }
}

#[test]
fn ten_thousand_levels_are_a_problem_and_no_crash() {
    let nested =
        |open: &str, inner: &str, close: &str| format!("{}{inner}{}", open.repeat(10_000), close.repeat(10_000));
    let indented: String = (0..2_000).map(|depth| format!("{}if x:\n", " ".repeat(depth))).collect::<String>()
        + &" ".repeat(2_000)
        + "pass\n";
    let cases = [
        ("a.py", format!("x = {}", nested("[", "1", "]"))),
        ("a.py", format!("x = {}", nested("f(", "1", ")"))),
        ("a.py", format!("x = {}1", "not ".repeat(10_000))),
        ("a.py", indented),
        ("a.js", format!("x = {}", nested("[", "1", "]"))),
        ("a.js", format!("x = {}1", "!".repeat(10_000))),
        ("a.js", nested("function f() {", "", "}")),
        ("a.ts", format!("x = {}", nested("{a: ", "1", "}"))),
        ("a.tsx", format!("x = {}", nested("<a>", "1", "</a>"))),
        ("a.rs", format!("fn f() {{ {} }}", nested("(", "1", ")"))),
        ("a.rs", format!("fn f() {{ x = {}1; }}", "!".repeat(10_000))),
        ("a.rs", format!("fn f() {{ x{}; }}", ".a()".repeat(10_000))),
        ("a.rs", nested("mod a {", "", "}")),
        ("a.php", format!("<?php $x = {};", nested("[", "1", "]"))),
        ("a.php", format!("<?php return {};", nested("['a' => ", "1", "]"))),
        ("a.php", format!("<?php $x = {}1;", "!".repeat(10_000))),
        ("a.php", format!("<?php $x{};", "->a()".repeat(10_000))),
        ("a.php", format!("<?php {}", nested("if ($x) {", "", "}"))),
        ("a.go", format!("package a\nvar x = {}", nested("[]int{", "1", "}"))),
        ("a.go", format!("package a\nvar x = {}", nested("f(", "1", ")"))),
        ("a.go", format!("package a\nvar x = {}1", "!".repeat(10_000))),
        ("a.go", format!("package a\nfunc f() {}", nested("{", "", "}"))),
        ("a.go", format!("package a\nfunc f() {{ x{} }}", ".a()".repeat(10_000))),
        ("a.rb", format!("x = {}", nested("[", "1", "]"))),
        ("a.rb", format!("x = {}", nested("f(", "1", ")"))),
        ("a.rb", format!("x = {}1", "!".repeat(10_000))),
        ("a.rb", format!("x{}", ".a()".repeat(10_000))),
        ("a.rb", nested("class A;", "", "end;")),
        ("a.rb", nested("a { ", "", "}")),
        ("a.cs", format!("x = {};", nested("new A(", "1", ")"))),
        ("a.cs", format!("x = {}1;", "!".repeat(10_000))),
        ("a.cs", format!("x{};", ".a()".repeat(10_000))),
        ("a.cs", nested("class A {", "", "}")),
        ("a.kt", format!("val x = {}", nested("f(", "1", ")"))),
        ("a.kt", format!("val x = {}1", "!".repeat(10_000))),
        ("a.kt", format!("val x = y{}", ".a()".repeat(10_000))),
        ("a.kt", nested("class A {\n", "", "}")),
        ("a.kt", nested("a { ", "", "}")),
        ("a.kt", format!("class A {{\n{}}}", nested("companion object {\n", "", "}\n"))),
        ("a.java", format!("class A {{ int x = {}; }}", nested("f(", "1", ")"))),
        ("a.java", format!("class A {{ int x = {}1; }}", "-~".repeat(10_000))),
        ("a.java", format!("class A {{ int x = y{}; }}", ".a()".repeat(10_000))),
        ("a.java", nested("class A {", "", "}")),
        ("a.java", format!("class A {{ void f() {} }}", nested("{", "", "}"))),
    ];
    for (path, text) in cases {
        let problems = extract(path, &text).problems;
        let told = problems.iter().any(|problem| problem.message.contains("nested"));
        assert!(told, "{path}: {} … says {problems:?}", &text[..40]);
    }
}

#[test]
fn long_chains_are_no_deep_nesting() {
    let sum = vec!["a"; 5_000].join(" + ");
    for (path, text) in [
        ("a.py", format!("x = {sum}\n")),
        ("a.js", format!("x = {sum};\n")),
        ("a.go", format!("package a\nvar x = {sum}\n")),
        ("a.rb", format!("x = {sum}\n")),
        ("a.java", format!("class A {{ int x = {sum}; }}\n")),
        ("a.kt", format!("val x = {sum}\n")),
        ("a.php", format!("<?php $x = {};\n", sum.replace(" + ", " . "))),
    ] {
        assert_eq!(extract(path, &text).problems, [], "{path}");
    }
    // A type is read by its name and not lowered.
    assert_eq!(extract("a.go", &format!("package a\nfunc f(x {}int) {{}}\n", "[]".repeat(10_000))).problems, []);
    let names: String = (1..20_000).map(|n| format!("a{n} = a{}.b\n", n - 1)).collect();
    assert_eq!(extract("a.py", &format!("def f():\n    return a19999.c()\n{names}")).problems, []);
}

#[test]
fn control_characters_crash_nothing() {
    for text in ["\0", "a\0b = {}", "\u{feff}x = 1", "\r\r\n\r", "\u{2028}", ""] {
        everywhere(text);
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn arbitrary_text_crashes_nothing(text in "\\PC{0,200}") {
        everywhere(&text);
    }

    #[test]
    fn arbitrary_tokens_crash_nothing(words in prop::collection::vec(prop::sample::select(WORDS), 0..60)) {
        everywhere(&words.join(" "));
    }

    #[test]
    fn mutated_code_crashes_nothing(which in 0..REAL.len(), from in 0.0..1.0, length in 0usize..40, insert in prop::sample::select(WORDS)) {
        let (path, text) = REAL[which];
        let mut start = (text.len() as f64 * from) as usize;
        let mut end = (start + length).min(text.len());
        while !text.is_char_boundary(start) { start -= 1; }
        while !text.is_char_boundary(end) { end += 1; }
        extract(path, &format!("{}{insert}{}", &text[..start], &text[end..]));
    }
}

const WORDS: &[&str] = &[
    "(",
    ")",
    "[",
    "]",
    "{",
    "}",
    "=",
    "=>",
    ":",
    ";",
    ",",
    ".",
    "\n",
    "\n    ",
    "x",
    "carts",
    "self",
    "this",
    "def",
    "class",
    "function",
    "fn",
    "static",
    "let",
    "const",
    "import",
    "from",
    "use",
    "as",
    "require('x')",
    "'s'",
    "`${",
    "f'{",
    "1",
    "return",
    "await",
    "async",
    "lambda",
    "@",
    "#[",
    "::",
    "&",
    "*",
    "...",
    "**",
    "+=",
    "if",
    "else",
    "for",
    "in",
    "of",
    "match",
    "new",
    "del",
    "delete",
    "global",
    "é",
    "<",
    ">",
    "/",
    "|",
    "!",
    "?",
    "??",
    "export",
    "default",
    "impl",
    "struct",
    "func",
    "var",
    "range",
    ":=",
    "<-",
    "map[",
    "interface",
    "package a",
    "type",
    "Mutex<",
    "<?php",
    "$x",
    "->",
    "\\",
    "\"{$",
    "<<<E",
    "# c",
    "end",
    "do |x|",
    "@@x",
    "$x",
    "||=",
    "<<~T",
    "unless",
    ":x",
    "&.",
    "//",
];

#[test]
fn kotlin_that_ends_with_an_annotation_is_read_to_its_end() {
    let text = "class Orders {\n    private val it }\n\n    @";
    for annotation in ["", "A", "A(", "A(x) @B("] {
        let extracted = crate::source::read("a.kt", &format!("{text}{annotation}")).unwrap();
        assert_eq!(extracted.facts.language, Language::Kotlin, "{annotation}");
    }
}
