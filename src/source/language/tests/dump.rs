#[test]
fn dump() {
    let path = std::env::var("DUMP").unwrap_or_default();
    if path.is_empty() { return; }
    let mut bad = 0; let mut all = 0;
    for path in path.split_whitespace() {
    let text = std::fs::read_to_string(&path).unwrap();
    let mut p = tree_sitter::Parser::new();
    if path.ends_with(".kt") { p.set_language(&tree_sitter_kotlin_ng::LANGUAGE.into()).unwrap(); } else { p.set_language(&tree_sitter_java::LANGUAGE.into()).unwrap(); }
    let t = p.parse(&text, None).unwrap();
    fn go(n: tree_sitter::Node, text: &str, d: usize) {
        if n.is_named() || d < 1 {
            let s: String = text[n.byte_range()].chars().take(40).collect();
            println!("{}{} {:?}", "  ".repeat(d), n.kind(), s);
        }
        let mut c = n.walk();
        for ch in n.children(&mut c) { go(ch, text, d + 1); }
    }
    all += 1;
    if std::env::var("ERR").is_ok() {
        fn err(n: tree_sitter::Node, text: &str, path: &str) -> bool {
            if n.is_error() || n.is_missing() { 
                let s: String = text[n.start_byte()..].chars().take(100).collect();
                println!("{path}:{} {:?}", n.start_position().row + 1, s); return true; }
            let mut c = n.walk();
            for ch in n.children(&mut c) { if ch.has_error() && err(ch, text, path) { return true; } }
            false
        }
        if err(t.root_node(), &text, path) { bad += 1; }
    } else { go(t.root_node(), &text, 0); }
    }
    println!("{bad}/{all}");
}
