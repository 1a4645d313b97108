//! Every construct of the format, and every refusal.

use proptest::prelude::*;

use super::*;
use crate::model::problem::Problem;

/// Everything that this subset knows, in one file.
const EVERYTHING: &str = r##"# A story.
# @scenario every construct
GET {{base}}/login?next=%2Fcart # comment
Accept: text/html
X-Sharp: a \# b
[Options]
location: true
max-redirs: 5
delay: 10ms
variable: shop=demo
variable: limit=3

HTTP 200
Content-Type: text/html
[Captures]
csrf: xpath "string(//input[@name='_csrf']/@value)"
page: regex /page (\d+)/ toInt
[Asserts]
status < 400
header "Content-Type" startsWith "text/"
cookie "sid" exists
cookie "sid[HttpOnly]" exists
body contains "Welcome"
bytes count > 10
url endsWith "/login"

# @write cart token={{token}}
POST http://localhost:3000/cart
X-Csrf: {{csrf}}
[Query]
q: a b&c
[Form]
sku: {{token}}
note: 100 %
[Cookies]
theme: dark
[BasicAuth]
alice: secret
HTTP/1.1 201

# @replica same
PUT /cart/{{page}}
{
  "sku": "{{token}}",
  "n": {{limit}},
  "nested": [{"a": "}"}, null, 1.5e3]
}
HTTP *

POST /upload
[Multipart]
title: Holiday
photo: file,photos/a.png;
raw: file,b.bin; application/x-own
HTTP 204

PATCH /text
```
line {{token}}
```

POST /one
`id={{newUuid}}&when={{newDate}}`

DELETE /file
file,body.bin;

# @read cart tokens=jsonpath "$.items[*].sku" @replica other
GET {{base}}/cart
HTTP 200
[Asserts]
jsonpath "$.items" count == 1
jsonpath "$.items[*].sku" contains "{{token}}"
jsonpath "$.items[0].price" >= 1.5
jsonpath "$.owner" not exists
jsonpath "$.tags" isEmpty
jsonpath "$.tags" isCollection
jsonpath "$.items[0].sku" matches /^t[0-9a-f]{11}$/
jsonpath "$.n" == {{limit}}
variable "shop" == "demo"
"##;

fn parsed(text: &str) -> Scenario {
    parse(text, "tests/story.hurl").unwrap_or_else(|problem| panic!("{problem} {}", problem.help))
}

fn problem(text: &str) -> Problem {
    parse(text, "tests/story.hurl").expect_err(text)
}

fn variables() -> Variables {
    let mut variables = Variables::new(7);
    variables.set("base", "http://127.0.0.1:4711");
    variables.set("token", "t0123456789a");
    variables.set_now("2026-01-02T03:04:05.000000Z");
    variables
}

fn response(status: u16, body: &str) -> ResponseParts {
    ResponseParts { status, body: body.into(), url: "http://127.0.0.1:4711/login".into(), ..ResponseParts::default() }
}

/// Judges one `GET /` with these asserts; the texts of those that failed, with what was found.
fn failing(asserts: &str, response: &ResponseParts) -> Vec<String> {
    let scenario = parsed(&format!("GET /\nHTTP *\n[Asserts]\n{asserts}"));
    let judged = judge(&scenario.steps[0], response, &mut variables());
    judged.into_iter().filter(|a| !a.passed).map(|a| format!("{}: {}", a.text, a.actual)).collect()
}

#[test]
fn every_construct_of_the_subset_is_read() {
    let scenario = parsed(EVERYTHING);
    assert_eq!(scenario.name, "every construct");
    let summary = scenario.summary();
    let told: Vec<String> = summary
        .steps
        .iter()
        .map(|step| format!("{}:{} {} {:?}", step.line, step.method, step.path, step.kind))
        .collect();
    assert_eq!(
        told,
        [
            "3:GET /login Read",
            "28:POST /cart Write",
            "42:PUT /cart/{{page}} Write",
            "50:POST /upload Write",
            "57:PATCH /text Write",
            "62:POST /one Write",
            "65:DELETE /file Write",
            "69:GET /cart Read",
        ]
    );
    assert_eq!(scenario.steps[2].replica, ReplicaHint::Same);
    assert_eq!(scenario.steps[7].replica, ReplicaHint::Other);
    assert!(scenario.steps[0].options.location);
    assert_eq!(scenario.steps[0].options.max_redirects, Some(5));
    assert_eq!(scenario.steps[0].options.delay_ms, 10);
    assert_eq!(scenario.undefined(&[]), []);
}

#[test]
fn a_file_without_a_name_is_called_after_its_path() {
    assert_eq!(parsed("GET /").name, "story");
}

#[test]
fn requests_are_rendered_as_hurl_sends_them() {
    let scenario = parsed(EVERYTHING);
    let mut variables = variables();
    variables.set("csrf", "c0ffee");
    variables.set("page", 4);
    let requests: Vec<RequestParts> = scenario.steps.iter().map(|step| render(step, &mut variables).unwrap()).collect();
    assert_eq!(requests[0].target, "/login?next=%2Fcart");
    assert_eq!(requests[0].headers[1], ("X-Sharp".to_string(), "a # b".to_string()));
    assert_eq!(requests[1].target, "/cart?q=a%20b%26c");
    assert_eq!(requests[1].cookies, [("theme".to_string(), "dark".to_string())]);
    assert_eq!(requests[1].headers[1], ("Authorization".to_string(), "Basic YWxpY2U6c2VjcmV0".to_string()));
    let text = |request: &RequestParts| match &request.body {
        BodyParts::Text { text, content_type } => (text.clone(), content_type.unwrap_or("none")),
        other => panic!("{other:?}"),
    };
    assert_eq!(text(&requests[1]), ("sku=t0123456789a&note=100%20%25".into(), "application/x-www-form-urlencoded"));
    let json: serde_json::Value = serde_json::from_str(&text(&requests[2]).0).unwrap();
    assert_eq!(json, serde_json::json!({"sku": "t0123456789a", "n": 3, "nested": [{"a": "}"}, null, 1500.0]}));
    assert_eq!(requests[2].target, "/cart/4");
    let BodyParts::Multipart(parts) = &requests[3].body else { panic!("{:?}", requests[3].body) };
    assert_eq!(parts[1].1, PartContent::File { path: "photos/a.png".into(), content_type: "image/png".into() });
    assert_eq!(parts[2].1, PartContent::File { path: "b.bin".into(), content_type: "application/x-own".into() });
    assert_eq!(text(&requests[4]), ("line t0123456789a\n".into(), "none"));
    let one = text(&requests[5]).0;
    assert!(one.ends_with("&when=2026-01-02T03:04:05.000000Z") && one.chars().nth(17) == Some('4'), "{one}");
    assert_eq!(requests[6].body, BodyParts::File { path: "body.bin".into() });
}

#[test]
fn values_in_a_json_body_are_escaped() {
    let scenario = parsed("POST /\n{\"text\": \"{{token}}\", \"raw\": {{token}}}\n");
    let mut variables = variables();
    variables.set("token", "a \"b\"\n\\c");
    let BodyParts::Text { text, .. } = render(&scenario.steps[0], &mut variables).unwrap().body else { panic!() };
    let json: serde_json::Value = serde_json::from_str(&text).unwrap();
    assert_eq!(json["text"], "a \"b\"\n\\c");
    assert_eq!(json["raw"], "a \"b\"\n\\c");
}

#[test]
fn the_balancer_takes_the_place_of_local_hosts_and_of_no_other() {
    let target = |url: &str| {
        let scenario = parse(&format!("GET {url}\n"), "x.hurl").map_err(|problem| problem.message)?;
        render(&scenario.steps[0], &mut variables()).map(|parts| parts.target).map_err(|error| error.to_string())
    };
    for url in ["/a?b", "{{base}}/a?b", "http://localhost:3000/a?b", "http://127.0.0.1/a?b", "http://[::1]:80/a?b"] {
        assert_eq!(target(url).as_deref(), Ok("/a?b"), "{url}");
    }
    assert_eq!(target("{{base}}").as_deref(), Ok("/"));
    assert!(target("http://example.org/a").unwrap_err().contains("example.org"));
    assert!(target("ftp://localhost/").is_err());
    assert!(target("{{token}}/a").is_err(), "what is unknown while parsing is seen while rendering");
}

#[test]
fn captures_are_kept_for_later_steps() {
    let text = r#"GET /
HTTP 200
[Captures]
csrf: xpath "string(//input[@name='_csrf']/@value)"
meta: xpath "normalize-space(//meta[@name=\"token\"]/@content)"
number: regex /page (\d+)/ toInt
where: header "Location"
sid: cookie "sid"
first: jsonpath "$.none"
"#;
    let html = "<meta content='m&amp;m' name='token'><INPUT type=hidden\n name=_csrf value=\"a&quot;b\">page 42";
    let mut response = response(200, html);
    response.headers = vec![("Location".into(), "/next".into()), ("Set-Cookie".into(), "sid=s1; Path=/".into())];
    let mut variables = variables();
    let judged = judge(&parsed(text).steps[0], &response, &mut variables);
    let failed: Vec<_> = judged.iter().filter(|assertion| !assertion.passed).collect();
    assert_eq!(failed.len(), 1);
    assert!(failed[0].text.starts_with("capture first") && failed[0].actual.contains("not JSON"));
    assert_eq!(failed[0].line, 9);
    assert_eq!(variables.get("csrf").unwrap(), "a\"b");
    assert_eq!(variables.get("meta").unwrap(), "m&m");
    assert_eq!(variables.get("number").unwrap(), 42);
    assert_eq!(variables.get("where").unwrap(), "/next");
    assert_eq!(variables.get("sid").unwrap(), "s1");
}

#[test]
fn assertions_tell_what_was_found_instead() {
    let cart =
        response(200, r#"{"items":[{"sku":"a","price":2},{"sku":"b","price":3}],"n":1.0,"s":"abc","e":[],"t":true}"#);
    let holds = [
        "jsonpath \"$.items\" count == 2",
        "jsonpath \"$.items[*].sku\" contains \"b\"",
        "jsonpath \"$.items[*].sku\" includes \"a\"",
        "jsonpath \"$.items[*].sku\" not contains \"c\"",
        "jsonpath \"$.items[0].price\" isInteger",
        "jsonpath \"$.items[?@.price > 2].sku\" nth 0 == \"b\"",
        "jsonpath \"$.items[?(@.price > 9)]\" isEmpty",
        "jsonpath \"$.items[?(@.price > 9)]\" count == 0",
        "jsonpath \"$.n\" == 1",
        "jsonpath \"$.n\" isFloat",
        "jsonpath \"$.s\" split \"b\" last == \"c\"",
        "jsonpath \"$.s\" replace \"b\" \"-\" == \"a-c\"",
        "jsonpath \"$.s\" replaceRegex /[ab]+/ \"\" == \"c\"",
        "jsonpath \"$.t\" == true",
        "jsonpath \"$.t\" isBoolean",
        "jsonpath \"$.x\" not exists",
        "jsonpath \"$.e\" isList",
        "body matches /\"sku\":\"[ab]\"/",
        "bytes count > 10",
        "status >= 200",
        "jsonpath \"$.s\" == `abc`",
        "jsonpath \"$.items[-1].sku\" == \"b\"",
        "body jsonpath \"$.s\" startsWith \"ab\"",
        "jsonpath \"$.s\" urlEncode urlDecode toString == \"abc\"",
    ];
    assert_eq!(failing(&holds.join("\n"), &cart), Vec::<String>::new());
    let wrong = [
        ("jsonpath \"$.items\" count == 1", "2"),
        ("jsonpath \"$.items[0].sku\" == \"b\"", "\"a\""),
        ("jsonpath \"$.x\" == 1", "nothing"),
        ("jsonpath \"$.x\" exists", "nothing"),
        ("status == 201", "200"),
        ("jsonpath \"$.s\" > 3", "\"abc\", which is not comparable with the expected value"),
        (
            "jsonpath \"$.items\" not isCollection",
            "a list of 2: [{\"sku\":\"a\",\"price\":2},{\"sku\":\"b\",\"price\":3}]",
        ),
    ];
    for (assert, found) in wrong {
        assert_eq!(failing(assert, &cart), [format!("{assert}: {found}")]);
    }
}

#[test]
fn a_path_to_several_places_gives_a_list_even_of_one() {
    let cart = response(200, r#"{"items":[{"sku":"a"}],"a.b":{"*":1}}"#);
    assert_eq!(failing("jsonpath \"$.items[*].sku\" count == 1", &cart), Vec::<String>::new());
    assert_eq!(failing("jsonpath \"$..sku\" isCollection", &cart), Vec::<String>::new());
    assert_eq!(failing("jsonpath \"$['a.b']['*']\" == 1", &cart), Vec::<String>::new());
}

#[test]
fn expected_headers_and_bodies_are_assertions() {
    let scenario = parsed("GET /\nHTTP 200\nX-A: 1 # comment\nX-B: 2\n{\"a\": [1, 2]}\n");
    let mut answer = response(200, "{ \"a\":[1,2] }");
    answer.headers = vec![("x-a".into(), "0".into()), ("X-A".into(), "1".into())];
    let judged = judge(&scenario.steps[0], &answer, &mut variables());
    let told: Vec<(String, bool)> = judged.into_iter().map(|assertion| (assertion.text, assertion.passed)).collect();
    assert_eq!(
        told,
        [
            ("HTTP 200".to_string(), true),
            ("X-A: 1".to_string(), true),
            ("X-B: 2".to_string(), false),
            ("body == what the file says".to_string(), true)
        ]
    );
}

#[test]
fn a_read_hint_asserts_that_all_that_was_written_is_listed() {
    let text = "# @write cart token={{token}}\nPOST /cart\nHTTP 201\n\n# @read cart tokens=jsonpath \"$[*]\"\nGET /cart\nHTTP 200\n";
    let scenario = parsed(text);
    let read = |written: u16, body: &str| {
        let mut variables = variables();
        judge(&scenario.steps[0], &response(written, ""), &mut variables);
        judge(&scenario.steps[1], &response(200, body), &mut variables).pop().unwrap()
    };
    assert!(read(201, "[\"x\",\"t0123456789a\"]").passed);
    let missing = read(201, "[]");
    assert!(!missing.passed && missing.actual.starts_with("1 of 1 missing"), "{missing:?}");
    assert_eq!(missing.line, 5);
    assert_eq!(read(500, "[]").text, "HTTP 200", "what was refused need not be there");
}

#[test]
fn undefined_variables_are_found_with_their_place() {
    let scenario = parsed(
        "GET /{{a}}\nHTTP 200\n[Captures]\nb: status\n[Asserts]\nstatus == {{c}}\n\nGET /{{b}}/{{d}}/{{token}}\n",
    );
    let missing: Vec<(String, u32, u32)> =
        scenario.undefined(&["d"]).into_iter().map(|(name, span)| (name, span.line, span.column)).collect();
    assert_eq!(missing, [("a".into(), 1, 8), ("c".into(), 6, 13)]);
    let error = render(&scenario.steps[0], &mut variables()).unwrap_err();
    assert_eq!(error.to_string(), "variable `a` is not defined");
}

/// What is not supported is an error at its place, and the error says what is.
#[test]
fn what_is_outside_the_subset_is_an_error_with_its_place() {
    let cases: &[(&str, u32, u32, &str)] = &[
        ("", 1, 1, "holds no request"),
        ("# only a comment\n", 1, 1, "holds no request"),
        ("hello\n", 1, 1, "expected a request, found `hello`"),
        ("FETCH /\n", 1, 1, "unknown method `FETCH`"),
        ("TRACE /\n", 1, 1, "`TRACE` is not supported"),
        ("GET http://example.org/\n", 1, 5, "not the app under test"),
        ("GET /a b\n", 1, 5, "holds a blank"),
        ("GET /{{a\n", 1, 9, "expected `}}`"),
        ("GET /\n[Options]\nretry: 3\n", 3, 1, "the option `retry` is not supported"),
        ("GET /\n[Options]\nlocation: yes\n", 3, 11, "expected `true` or `false`"),
        ("GET /\n[Secrets]\na: b\n", 2, 1, "[Secrets] is not supported"),
        ("GET /\n[Asserts]\nstatus == 200\n", 2, 1, "belongs to a response"),
        ("GET /\nHTTP 2000\n", 2, 6, "expected a status"),
        ("GET /\nHTTP/2 200\n", 2, 1, "`HTTP/2` is not supported"),
        ("GET /\nHTTP 200\n[Asserts]\nduration < 100\n", 4, 1, "the query `duration` is not supported"),
        ("GET /\nHTTP 200\n[Asserts]\nsha256 == hex,00;\n", 4, 1, "the query `sha256` is not supported"),
        ("GET /\nHTTP 200\n[Asserts]\nstatus is 200\n", 4, 8, "expected a filter or a predicate"),
        ("GET /\nHTTP 200\n[Asserts]\nstatus == hex,00;\n", 4, 11, "expected a value"),
        ("GET /\nHTTP 200\n[Asserts]\nstatus ==\n", 4, 10, "expected a value"),
        ("GET /\nHTTP 200\n[Asserts]\nxpath \"//h1\" exists\n", 4, 7, "this XPath is not supported"),
        ("GET /\nHTTP 200\n[Asserts]\nbody matches /(/\n", 4, 14, "does not compile"),
        ("GET /\nHTTP 200\n[Asserts]\njsonpath \"$.[\" exists\n", 4, 10, "this JSONPath does not parse"),
        ("GET /\nHTTP 200\n[Asserts]\nbody toDate \"%d\" exists\n", 4, 6, "the filter `toDate` is not supported"),
        ("GET /\nHTTP 200\n[Captures]\na: header \"x\" redact\n", 4, 15, "`redact` is not supported"),
        ("GET /\nHTTP 200\nHTTP 200\n", 3, 1, "a second response"),
        ("POST /\nbase64,AAAA;\n", 2, 1, "not supported"),
        ("POST /\n<xml/>\n", 2, 1, "not supported"),
        ("POST /\n{\"a\": }\n", 2, 7, "the body is not JSON: expected value"),
        ("POST /\n{\"ä\":\n  tru}\n", 3, 6, "the body is not JSON"),
        ("POST /\n{\"a\": 1\n", 2, 1, "does not end"),
        ("POST /\n{\"a\": 1} x\n", 2, 1, "unexpected `x`"),
        ("POST /\n```\nabc\n", 2, 1, "does not end"),
        ("POST /\n```graphql\nabc\n```\n", 2, 4, "`graphql` is not supported"),
        ("POST /\nfile,../secret;\n", 2, 6, "must lie beside the scenario"),
        ("POST /\nfile,/etc/passwd;\n", 2, 6, "must lie beside the scenario"),
        ("POST /\n[Form]\na: b\n[Multipart]\nc: d\n", 4, 1, "[Form] and [Multipart]"),
        ("POST /\n[Form]\na: b\n{\"c\": 1}\n", 4, 1, "a form and a body"),
        ("# @reed cart\nGET /\n", 1, 3, "unknown hint `@reed`"),
        ("# @write\nPOST /\n", 1, 3, "names no key"),
        ("# @replica 0\nGET /\n", 1, 3, "no replica is called `0`"),
        ("# @read cart tokens=sql\nGET /\n", 1, 3, "expected a query"),
        ("GET /\n# @write cart\nX-A: b\n", 2, 3, "stands within a request"),
        ("GET /\n\n# @write cart\n", 3, 3, "no request follows"),
        ("GET /\n\n# @scenario late\nGET /\n", 3, 3, "behind a request"),
        ("GET /\nX-A: \\q\n", 2, 7, "unknown escape"),
    ];
    for (text, line, column, message) in cases {
        let problem = problem(text);
        let span = problem.location.as_ref().unwrap().span;
        assert!(problem.message.contains(message), "{text:?}: {}", problem.message);
        assert_eq!((span.line, span.column), (*line, *column), "{text:?}: {}", problem.message);
        assert!(problem.excerpt.is_some());
    }
}

#[test]
fn windows_line_ends_and_a_byte_order_mark_are_read() {
    let text = format!("\u{feff}{}", EVERYTHING.replace('\n', "\r\n"));
    let scenario = parse(&text, "x.hurl").unwrap();
    assert_eq!(scenario.steps.len(), 8);
    let BodyParts::Text { text, .. } = render(&scenario.steps[4], &mut variables()).unwrap().body else { panic!() };
    assert_eq!(text, "line t0123456789a\n");
}

#[test]
fn a_hint_within_a_query_is_part_of_the_query() {
    let scenario = parsed("# @read cart tokens=jsonpath \"$[? @.mine].sku\" @replica 2\nGET /\n");
    assert_eq!(scenario.steps[0].replica, ReplicaHint::Number(2));
    assert!(scenario.steps[0].asserts_content());
}

#[test]
fn an_xpath_walks_over_large_pages_in_time() {
    let page = "<input ".repeat(20_000) + "<input name='a' value='b'>";
    assert_eq!(
        failing("xpath \"string(//input[@name='a']/@value)\" == \"b\"", &response(200, &page)),
        Vec::<String>::new()
    );
}

/// Judges whatever was read against an arbitrary response.
fn exercise(text: &str, body: &str) {
    if let Ok(scenario) = parse(text, "x.hurl") {
        let mut variables = variables();
        for step in &scenario.steps {
            let _ = render(step, &mut variables);
            judge(step, &response(200, body), &mut variables);
        }
        let _ = scenario.undefined(&[]);
    }
}

proptest! {
    #[test]
    fn any_text_is_a_scenario_or_a_problem(text in "\\PC{0,200}", body in "\\PC{0,60}") {
        exercise(&text, &body);
    }

    #[test]
    fn lines_that_look_like_hurl_are_a_scenario_or_a_problem(
        lines in proptest::collection::vec(
            prop_oneof![
                Just("GET /".to_string()), Just("HTTP 200".to_string()), Just("[Asserts]".to_string()),
                Just("[Captures]".to_string()), Just("[Form]".to_string()), Just("{\"a\": {{token}}}".to_string()),
                Just("```".to_string()), Just("# @read k tokens=body".to_string()), Just("# @write k token={{token}}".to_string()),
                "[a-z]{1,6}: [ -~]{0,12}", "jsonpath \"[ -~]{0,8}\" [a-z=]{0,8}", "[ -~]{0,16}",
            ],
            0..12,
        ),
        body in "\\PC{0,60}",
    ) {
        exercise(&lines.join("\n"), &body);
    }

    #[test]
    fn a_damaged_file_is_a_scenario_or_a_problem(at in 0usize..2000, length in 0usize..40, insert in "[ -~\n{}\"`\\\\]{0,6}") {
        let chars: Vec<char> = EVERYTHING.chars().collect();
        let at = at.min(chars.len());
        let end = (at + length).min(chars.len());
        let damaged: String = chars[..at].iter().copied().chain(insert.chars()).chain(chars[end..].iter().copied()).collect();
        exercise(&damaged, "{\"items\":[]}");
    }

    #[test]
    fn a_problem_lies_within_the_text(text in "[ -~\n]{0,120}") {
        if let Err(problem) = parse(&text, "x.hurl") {
            let span = problem.location.unwrap().span;
            prop_assert!(span.line >= 1 && span.column >= 1);
            prop_assert!(span.line as usize <= text.split('\n').count());
            prop_assert!((span.line, span.column) < (span.end_line, span.end_column));
        }
    }

    #[test]
    fn forms_survive_the_way_through_the_encoding(value in "\\PC{0,40}") {
        let encoded = super::filter::percent_encode(&value, b"-._~");
        prop_assert!(encoded.is_ascii());
        let mut variables = variables();
        variables.set("x", encoded);
        let step = &parsed("GET /\nHTTP *\n[Captures]\ny: variable \"x\" urlDecode\n").steps[0];
        judge(step, &response(200, ""), &mut variables);
        prop_assert_eq!(variables.get("y").unwrap(), &serde_json::Value::String(value));
    }

    #[test]
    fn uuids_have_version_four(seed: u64) {
        let step = &parsed("GET /{{newUuid}}\n").steps[0];
        let target = render(step, &mut Variables::new(seed)).unwrap().target;
        let shape = regex::Regex::new("^/[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$").unwrap();
        prop_assert!(shape.is_match(&target), "{}", target);
    }
}
