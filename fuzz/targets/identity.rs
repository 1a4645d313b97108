//! The name of an instance: the first byte says where it is looked for, the first line how it is called there, below it the body.
#![no_main]

use httparse::Header;
use scaleproof::load::bench::IdentityFrom;
use scaleproof::load::bench::identity::Look;
use serde_json::Value;

scaleproof_fuzz::libfuzzer_sys::fuzz_target!(|input: &[u8]| {
    let Some((first, rest)) = input.split_first() else { return };
    let Some(line_end) = rest.iter().position(|byte| *byte == b'\n') else { return };
    let (Ok(called), body) = (std::str::from_utf8(&rest[..line_end]), &rest[line_end + 1..]) else { return };
    match first % 4 {
        0 => pointer(called, body),
        1 => pattern(called, body),
        2 => cookie(called, body),
        _ => usual(called, body),
    }
});

/// Finds what a reader of the whole document finds, where there is one.
fn pointer(pointer: &str, body: &[u8]) {
    if !pointer.is_empty() && !pointer.starts_with('/') {
        return;
    }
    let mut look = Look::from(&IdentityFrom::Json(pointer.into()));
    look.in_body(body);
    let Ok(document) = serde_json::from_slice::<Value>(body) else { return };
    // Written again, no key is there twice.
    let body = document.to_string();
    let expected = match document.pointer(pointer) {
        Some(Value::String(text)) => Some(text.clone()),
        Some(Value::Bool(truth)) => Some(truth.to_string()),
        Some(Value::Number(number)) if number.is_f64() => number.as_f64().map(|number| number.to_string()),
        Some(Value::Number(number)) => Some(number.to_string()),
        _ => None,
    };
    let expected = expected.map(|name| name.as_bytes().trim_ascii().to_vec());
    let expected = expected.filter(|name| (1..=128).contains(&name.len()));
    assert_eq!(look.in_body(body.as_bytes()), expected, "{pointer} in {body}");
}

fn pattern(pattern: &str, body: &[u8]) {
    let Ok(pattern) = regex::bytes::RegexBuilder::new(pattern).size_limit(1 << 16).build() else { return };
    if let Some(name) = Look::from(&IdentityFrom::Body(pattern)).in_body(body) {
        assert!((1..=128).contains(&name.len()));
    }
}

fn cookie(name: &str, value: &[u8]) {
    let headers = [Header { name: "Set-Cookie", value }, Header { name: "set-cookie", value: b"a=b" }];
    let mut look = Look::from(&IdentityFrom::Cookie(name.into()));
    let found = look.in_head(&headers);
    assert!(found.is_none_or(|found| (1..=128).contains(&found.len())));
    assert!(name != "a" || found.is_some());
}

fn usual(name: &str, value: &[u8]) {
    let headers = [Header { name, value }, Header { name: "Content-Type", value: b"application/json" }];
    let mut look = Look::from(&IdentityFrom::Usual);
    for _ in 0..2 {
        if look.in_head(&headers).is_none() && look.wants_body(&headers) && look.in_body(value).is_none() {
            look.in_vain();
        }
    }
}
