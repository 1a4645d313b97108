//! Files that nobody meant to write, through every reader: at most a problem, never a panic, and the rest is read.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::{Path, PathBuf};

use scaleproof::lint::{self, Options};
use scaleproof::model::fact::FileFacts;
use scaleproof::rules;
use scaleproof::source::{self, Extracted};

/// A file for each reader, which says something; several lines each.
const FILES: &[(&str, &str)] = &[
    ("a.py", "carts = {}\ndef add(item):\n    carts[item] = 1\n"),
    ("a.js", "const carts = {};\nfunction add(item) {\n  carts[item] = 1;\n}\n"),
    ("a.ts", "const carts: X = {};\nfunction add(item: string) {\n  carts[item] = 1;\n}\n"),
    ("a.tsx", "const carts: X = {};\nfunction Add(item: string) {\n  return <a>{carts[item]}</a>;\n}\n"),
    ("a.go", "package a\n\nvar carts = map[string]int{}\n\nfunc add(item string) {\n\tcarts[item] = 1\n}\n"),
    ("a.rs", "static CARTS: Mutex<Vec<u8>> = Mutex::new(Vec::new());\nfn add(item: u8) {\n    CARTS.lock();\n}\n"),
    ("a.rb", "$carts = {}\ndef add(item)\n  $carts[item] = 1\nend\n"),
    ("a.php", "<?php\n$carts = [];\nfunction add($item) {\n  global $carts;\n  $carts[$item] = 1;\n}\n"),
    ("a.cs", "class Shop {\n  static Dictionary<string, int> carts = new();\n  void Add() { carts[\"x\"] = 1; }\n}\n"),
    (
        "a.java",
        "class Shop {\n  static Map<String, Integer> carts = new HashMap<>();\n  void add() { carts.put(\"x\", 1); }\n}\n",
    ),
    ("a.kt", "val carts = HashMap<String, Int>()\nfun add(item: String) {\n  carts[item] = 1\n}\n"),
    ("package.json", "{\n  \"dependencies\": {\n    \"express\": \"4\"\n  }\n}\n"),
    ("composer.json", "{\n  \"require\": {\n    \"a/b\": \"4\"\n  }\n}\n"),
    ("composer.lock", "{\n  \"packages\": [\n    { \"name\": \"a/b\", \"version\": \"4\" }\n  ]\n}\n"),
    ("Cargo.toml", "[dependencies]\naxum = \"1\"\nredis = { version = \"1\" }\n"),
    ("pyproject.toml", "[project]\ndependencies = [\n  \"flask>=1\",\n]\n"),
    ("requirements.txt", "flask==1\nredis\n"),
    ("Gemfile", "source 'x'\ngem 'rails', '1'\n"),
    ("Gemfile.lock", "GEM\n  specs:\n    rails (7.1)\n\nDEPENDENCIES\n  rails\n"),
    ("go.mod", "module x\n\nrequire (\n\ta.b/c v1.0.0\n)\n"),
    (
        "a.csproj",
        "<Project>\n  <ItemGroup>\n    <PackageReference Include=\"A\" Version=\"1\" />\n  </ItemGroup>\n</Project>\n",
    ),
    (
        "pom.xml",
        "<project>\n  <dependencies>\n    <dependency><groupId>a</groupId><artifactId>b</artifactId></dependency>\n  </dependencies>\n</project>\n",
    ),
    ("build.gradle", "dependencies {\n  implementation 'a:b:1'\n}\n"),
    ("compose.yaml", "services:\n  web:\n    image: a\n    ports: ['80:80']\n    deploy: { replicas: 2 }\n"),
    ("Procfile", "web: gunicorn -w 4 a:b\nworker: c\n"),
    (".env", "A=b\nC=\"d\"\n"),
    ("application.yml", "spring:\n  session:\n    store-type: none\n"),
    ("application.properties", "spring.session.store-type=none\na=b\n"),
    ("application.conf", "play {\n  cache.x = y\n}\n"),
    ("config/cable.yml", "production:\n  adapter: async\n"),
    ("config/deploy.yml", "servers:\n  web: [a, b]\n"),
    ("appsettings.json", "{\n  \"A\": {\n    \"B\": 1\n  }\n}\n"),
    ("web.config", "<configuration>\n  <appSettings><add key=\"a\" value=\"b\" /></appSettings>\n</configuration>\n"),
    ("php.ini", "[Session]\nsession.save_handler = files\n"),
    ("a.prisma", "datasource db {\n  provider = \"sqlite\"\n}\n"),
    ("Dockerfile", "FROM a\nENV A=b\nCMD [\"c\", \"-w\", \"4\"]\n"),
];

/// Reads in the room that a scan has.
fn in_room<T: Send>(work: impl FnOnce() -> T + Send) -> T {
    std::thread::scope(|scope| {
        std::thread::Builder::new().stack_size(64 << 20).spawn_scoped(scope, work).unwrap().join().unwrap()
    })
}

fn read(path: &str, text: &str) -> Option<Extracted> {
    source::read(path, text)
}

/// How much a file says.
fn said(facts: &FileFacts) -> [usize; 8] {
    [
        facts.functions.len(),
        facts.classes.len(),
        facts.calls.len(),
        facts.states.len(),
        facts.accesses.len(),
        facts.settings.len(),
        facts.dependencies.len(),
        facts.services.len(),
    ]
}

#[test]
fn every_reader_reads_its_file() {
    let mute: Vec<&str> = FILES
        .iter()
        .filter(|(path, text)| read(path, text).is_none_or(|it| said(&it.facts) == [0; 8]))
        .map(|(path, _)| *path)
        .collect();
    assert_eq!(mute, Vec::<&str>::new());
}

#[test]
fn ends_of_lines_and_a_missing_last_one_change_nothing() {
    for (path, text) in FILES {
        let Some(plain) = read(path, text) else { continue };
        for other in [text.replace('\n', "\r\n"), text.trim_end().to_owned()] {
            let extracted = read(path, &other).unwrap();
            assert_eq!(said(&extracted.facts), said(&plain.facts), "{path}: {other:?}");
            assert_eq!(extracted.problems, plain.problems, "{path}: {other:?}");
        }
    }
}

#[test]
fn every_reader_bears_every_nesting() {
    const NESTS: [(&str, &str); 12] = [
        ("[", "]"),
        ("{", "}"),
        ("f(", ")"),
        ("<a>", "</a>"),
        ("<!--", "-->"),
        ("- ", ""),
        ("a: {", "}"),
        ("\"a\":{", "}"),
        ("[{\"a\":", "}]"),
        ("a = [", "]"),
        ("${", "}"),
        ("if (x) {", "}"),
    ];
    in_room(|| {
        for (path, text) in FILES {
            for (open, close) in NESTS {
                read(path, &format!("{text}{}1{}", open.repeat(10_000), close.repeat(10_000)));
                read(path, &open.repeat(1_000));
            }
        }
    });
}

#[test]
fn every_reader_bears_every_indentation() {
    let steps: String = (0..1_000).map(|depth| format!("{}a:\n", " ".repeat(depth))).collect();
    in_room(|| FILES.iter().for_each(|(path, _)| drop(read(path, &steps))));
}

#[test]
fn every_reader_bears_what_is_no_text_of_its_kind() {
    for (path, text) in FILES {
        let middle = text.len() / 2;
        for strange in [
            String::new(),
            "\u{feff}".to_owned() + text,
            text.replace('\n', "\r"),
            text.replace(' ', "\u{a0}").replace('a', "ä"),
            text.repeat(3),
            text.chars().rev().collect(),
            format!("{}\0{}", &text[..middle], &text[middle..]),
            format!("{}\u{fffd}\u{202e}\u{1f600}{}", &text[..middle], &text[middle..]),
            text[..middle].to_owned(),
            text[middle..].to_owned(),
        ] {
            read(path, &strange);
        }
    }
}

#[test]
fn every_reader_bears_one_long_line() {
    in_room(|| {
        for (path, text) in FILES {
            let line = text.replace('\n', " ");
            read(path, &line.repeat(200_000 / line.len()));
            read(path, &format!("{text}{}", "x".repeat(200_000)));
        }
    });
}

/// A tree with all that a file system has.
fn odd_tree() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    fs::write(at("good.py"), "carts = {}\n").unwrap();
    fs::write(at("empty.py"), "").unwrap();
    fs::write(at("large.js"), format!("f('{}')", "x".repeat(5_000_000))).unwrap();
    let wide: Vec<u8> = "\u{feff}x = 1\n".encode_utf16().flat_map(u16::to_le_bytes).collect();
    fs::write(at("wide.py"), wide).unwrap();
    fs::write(at("latin.py"), b"\xe9 = '\xff'\ncarts = {}\n").unwrap();
    fs::write(at("nul.py"), b"x\0 = 1\n").unwrap();
    fs::create_dir_all(at("deep/er")).unwrap();
    symlink(at("deep"), at("deep/er/loop.py")).unwrap();
    symlink("self.py", at("self.py")).unwrap();
    symlink("/dev/zero", at("zero.py")).unwrap();
    symlink("gone", at("gone.py")).unwrap();
    rustix::fs::mknodat(rustix::fs::CWD, at("pipe.py"), rustix::fs::FileType::Fifo, 0o600.into(), 0).unwrap();
    drop(std::os::unix::net::UnixListener::bind(at("socket.py")).unwrap());
    fs::create_dir(at("folder.py")).unwrap();
    fs::write(at("closed.py"), "x = 1\n").unwrap();
    fs::set_permissions(at("closed.py"), fs::Permissions::from_mode(0o000)).unwrap();
    folder
}

#[test]
fn whatever_lies_in_a_tree_the_rest_is_read() {
    let folder = odd_tree();
    let scan = source::scan(&[folder.path().to_owned()], folder.path(), &[], &|_| None);
    let read: Vec<&str> = scan.files.iter().map(|file| &*file.path).filter(|path| *path != "closed.py").collect();
    assert_eq!(read, ["empty.py", "good.py", "latin.py", "wide.py"]);
    let told: Vec<String> = scan.problems.iter().map(ToString::to_string).collect();
    for path in ["large.js", "nul.py"] {
        assert!(told.iter().any(|problem| problem.starts_with(path)), "{path}: {told:?}");
    }
}

#[test]
fn what_is_no_file_is_not_waited_for_where_it_is_named() {
    let folder = odd_tree();
    for name in ["pipe.py", "socket.py", "self.py", "gone.py", "folder.py"] {
        let scan = source::scan(&[folder.path().join(name)], folder.path(), &[], &|_| None);
        assert_eq!(scan.files.len(), 0, "{name}");
    }
}

#[test]
fn a_file_that_changes_while_it_is_read_is_no_panic() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/rules");
    let rules = rules::builtin().unwrap();
    let scan = source::scan(&[PathBuf::from(&root)], &root, &[], &|_| None);
    let changes: [fn(String) -> Option<String>; 4] = [
        |_| None,
        |_| Some(String::new()),
        |text| Some(text.chars().take(text.len() / 3).collect()),
        |text| Some(text.chars().map(|c| if c == '\n' { c } else { 'ä' }).collect()),
    ];
    let whole = lint::lint(
        &scan.files,
        &rules,
        &Options::default(),
        &|path| source::text(&root, path),
        &source::module_candidates,
    );
    for change in changes {
        let text = |path: &str| source::text(&root, path).and_then(change);
        let options = Options { no_ignores: true, ..Options::default() };
        let report = lint::lint(&scan.files, &rules, &options, &text, &source::module_candidates);
        assert_eq!(report.findings.len(), whole.findings.len() + whole.suppressed.len());
    }
}
