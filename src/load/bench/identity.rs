//! Who answered: the name of an instance out of a head or a body.

use httparse::Header;
use memchr::memchr;
use serde::de::{DeserializeSeed, Deserializer, Error, IgnoredAny, MapAccess, SeqAccess, Visitor};

use super::IdentityFrom;

/// Headers that balancers and frameworks name an instance in, the most telling first: our own; what HAProxy's, nginx's,
/// Traefik's and Envoy's documentation add in their examples; what platforms send.
const USUAL_HEADERS: &[&str] = &[
    crate::model::fleet::REPLICA_HEADER,
    "x-replica",
    "x-replica-id",
    "x-instance",
    "x-instance-id",
    "x-pod",
    "x-pod-name",
    "x-container-id",
    "x-hostname",
    "x-node",
    "x-server-id",
    "x-server-name",
    "x-served-by",
    "x-backend-server",
    "x-backend",
    "x-upstream",
    "x-upstream-addr",
    "x-envoy-upstream-host",
    "fly-machine-id",
];
/// Where a JSON body is looked into when no header tells.
const USUAL_POINTER: &str = "/hostname";
/// After so many answers that do not say who gave them, nobody looks any more.
const PATIENCE: u32 = 64;
/// Bodies are looked into up to here.
pub const MOST_BODY_BYTES: usize = 256 << 10;
/// A name that is longer names nobody.
const MOST_NAME_BYTES: usize = 128;

/// Where one thread looks; it learns where the usual places are by looking.
#[derive(Clone, Debug)]
pub enum Look {
    Nowhere,
    /// With the answers that are left before it gives up.
    Usual(u32),
    Header(String),
    Cookie(String),
    Json(Vec<String>),
    Body(regex::bytes::Regex),
}

impl From<&IdentityFrom> for Look {
    fn from(from: &IdentityFrom) -> Self {
        match from {
            IdentityFrom::Nowhere => Look::Nowhere,
            IdentityFrom::Usual => Look::Usual(PATIENCE),
            IdentityFrom::Header(name) => Look::Header(name.to_ascii_lowercase()),
            IdentityFrom::Cookie(name) => Look::Cookie(name.clone()),
            IdentityFrom::Json(pointer) => Look::Json(tokens(pointer)),
            IdentityFrom::Body(pattern) => Look::Body(pattern.clone()),
        }
    }
}

impl Look {
    /// What the head says; learns where to look.
    #[inline]
    pub fn in_head<'h>(&mut self, headers: &[Header<'h>]) -> Option<&'h [u8]> {
        match self {
            Look::Nowhere | Look::Json(_) | Look::Body(_) => None,
            Look::Header(name) => last(header(headers, name)?),
            Look::Cookie(name) => {
                headers.iter().filter(|header| header.name.eq_ignore_ascii_case("set-cookie")).find_map(|header| {
                    let pair = header.value.split(|byte| *byte == b';').next()?;
                    let equals = memchr(b'=', pair)?;
                    named(&pair[equals + 1..]).filter(|_| pair[..equals].trim_ascii() == name.as_bytes())
                })
            }
            Look::Usual(_) => {
                let (name, value) =
                    USUAL_HEADERS.iter().find_map(|name| Some((name, last(header(headers, name)?)?)))?;
                *self = Look::Header((*name).to_owned());
                Some(value)
            }
        }
    }

    /// Must the body be kept, to be looked into?
    pub fn wants_body(&self, headers: &[Header<'_>]) -> bool {
        match self {
            Look::Json(_) | Look::Body(_) => true,
            Look::Usual(_) => header(headers, "content-type").is_some_and(|value| {
                let essence = value.split(|byte| *byte == b';').next().unwrap_or(value).trim_ascii();
                essence.eq_ignore_ascii_case(b"application/json")
            }),
            Look::Nowhere | Look::Header(_) | Look::Cookie(_) => false,
        }
    }

    /// Is what the same head says always the same?
    #[inline]
    pub fn reads_heads_only(&self) -> bool {
        matches!(self, Look::Nowhere | Look::Header(_) | Look::Cookie(_))
    }

    /// What the body says; learns where to look.
    pub fn in_body(&mut self, body: &[u8]) -> Option<Vec<u8>> {
        match self {
            Look::Nowhere | Look::Header(_) | Look::Cookie(_) => None,
            Look::Json(path) => json(body, path),
            Look::Body(pattern) => {
                let found = pattern.captures(body)?;
                let group = found.get(1).or_else(|| found.get(0))?;
                named(group.as_bytes()).map(<[u8]>::to_vec)
            }
            Look::Usual(_) => {
                let path = tokens(USUAL_POINTER);
                let name = json(body, &path)?;
                *self = Look::Json(path);
                Some(name)
            }
        }
    }

    /// An answer did not say who gave it.
    #[inline]
    pub fn in_vain(&mut self) {
        if let Look::Usual(left) = self {
            *self = if *left == 0 { Look::Nowhere } else { Look::Usual(*left - 1) };
        }
    }

    /// For people: `header x-served-by`; `None` where nobody looks, or nothing was found yet.
    pub fn source(&self) -> Option<String> {
        match self {
            Look::Nowhere | Look::Usual(_) => None,
            Look::Header(name) => Some(format!("header {name}")),
            Look::Cookie(name) => Some(format!("cookie {name}")),
            Look::Json(path) => Some(format!("JSON /{}", path.join("/"))),
            Look::Body(pattern) => Some(format!("body {pattern}")),
        }
    }
}

#[inline]
fn header<'h>(headers: &[Header<'h>], name: &str) -> Option<&'h [u8]> {
    let found = headers.iter().find(|header| header.name.len() == name.len() && header.name.eq_ignore_ascii_case(name));
    found.map(|header| header.value)
}

/// Of those that were asked one after the other, the last one answered: nginx's `$upstream_addr` after a failed attempt is
/// `10.0.0.1:80, 10.0.0.2:80` (<https://nginx.org/en/docs/http/ngx_http_upstream_module.html#var_upstream_addr>).
fn last(value: &[u8]) -> Option<&[u8]> {
    named(value.rsplit(|byte| *byte == b',').next().unwrap_or(value))
}

fn named(value: &[u8]) -> Option<&[u8]> {
    let value = value.trim_ascii();
    (!value.is_empty() && value.len() <= MOST_NAME_BYTES).then_some(value)
}

/// The reference tokens of a JSON pointer, RFC 6901.
fn tokens(pointer: &str) -> Vec<String> {
    pointer.split('/').skip(1).map(|token| token.replace("~1", "/").replace("~0", "~")).collect()
}

/// The place in a list that a token names: digits without sign, and without zeros in front (RFC 6901, section 4).
fn index(token: &str) -> Option<usize> {
    let written = token == "0" || !token.starts_with(['0', '+']);
    written.then(|| token.parse().ok()).flatten()
}

/// The text, number or truth that `path` leads to. Nothing but that is built, so that it costs little.
fn json(body: &[u8], path: &[String]) -> Option<Vec<u8>> {
    let mut found = None;
    let mut reader = serde_json::Deserializer::from_slice(body);
    // What follows behind the value does not matter, and may be cut off.
    let _ = Pointed { path, found: &mut found }.deserialize(&mut reader);
    found.and_then(|name| named(&name).map(<[u8]>::to_vec))
}

struct Pointed<'a> {
    path: &'a [String],
    found: &'a mut Option<Vec<u8>>,
}

impl Pointed<'_> {
    fn take<E: Error>(self, text: &str) -> Result<(), E> {
        if self.path.is_empty() {
            *self.found = Some(text.as_bytes().to_vec());
        }
        Ok(())
    }
}

impl<'de> DeserializeSeed<'de> for Pointed<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Pointed<'_> {
    type Value = ();

    fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("JSON")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        while let Some(key) = map.next_key::<std::borrow::Cow<'de, str>>()? {
            match self.path.split_first() {
                Some((first, path)) if *first == *key => {
                    // The first of two equal keys counts; the rest need not be read.
                    map.next_value_seed(Pointed { path, found: &mut *self.found })?;
                    return Err(A::Error::custom("found"));
                }
                _ => map.next_value::<IgnoredAny>().map(drop)?,
            }
        }
        Ok(())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<(), A::Error> {
        let wanted: Option<usize> = self.path.first().and_then(|token| index(token));
        for index in 0.. {
            if wanted == Some(index) {
                list.next_element_seed(Pointed { path: &self.path[1..], found: &mut *self.found })?;
                return Err(A::Error::custom("found"));
            }
            if list.next_element::<IgnoredAny>()?.is_none() {
                break;
            }
        }
        Ok(())
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<(), E> {
        self.take(text)
    }

    fn visit_u64<E: Error>(self, number: u64) -> Result<(), E> {
        self.take(&number.to_string())
    }

    fn visit_i64<E: Error>(self, number: i64) -> Result<(), E> {
        self.take(&number.to_string())
    }

    fn visit_f64<E: Error>(self, number: f64) -> Result<(), E> {
        self.take(&number.to_string())
    }

    fn visit_bool<E: Error>(self, truth: bool) -> Result<(), E> {
        self.take(if truth { "true" } else { "false" })
    }

    fn visit_unit<E: Error>(self) -> Result<(), E> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HEADERS: &[Header<'static>] = &[
        Header { name: "Content-Type", value: b"application/json; charset=utf-8" },
        Header { name: "X-Served-By", value: b" web-2 " },
        Header { name: "Set-Cookie", value: b"sid=1; Path=/" },
        Header { name: "Set-Cookie", value: b"SERVERID=s3; Path=/" },
    ];

    fn text(found: Option<impl AsRef<[u8]>>) -> Option<String> {
        found.map(|name| String::from_utf8_lossy(name.as_ref()).into_owned())
    }

    #[test]
    fn the_usual_headers_are_found_and_learned() {
        let mut look = Look::from(&IdentityFrom::Usual);
        assert_eq!(look.source(), None);
        assert_eq!(text(look.in_head(HEADERS)).as_deref(), Some("web-2"));
        assert_eq!(look.source().as_deref(), Some("header x-served-by"));
    }

    #[test]
    fn of_several_that_were_asked_the_last_one_answered() {
        let mut look = Look::from(&IdentityFrom::Header("x-upstream-addr".into()));
        let retried = [Header { name: "X-Upstream-Addr", value: b"10.0.0.1:80, 10.0.0.2:80" }];
        assert_eq!(text(look.in_head(&retried)).as_deref(), Some("10.0.0.2:80"));
        assert_eq!(look.in_head(&[Header { name: "X-Upstream-Addr", value: b"10.0.0.1:80," }]), None);
    }

    #[test]
    fn a_json_body_tells_when_no_header_does() {
        let mut look = Look::from(&IdentityFrom::Usual);
        assert_eq!(look.in_head(&HEADERS[..1]), None);
        assert!(look.wants_body(&HEADERS[..1]));
        let body = br#"{"a": {"hostname": "no"}, "list": [1, 2], "hostname": "web-1", "rest"#;
        assert_eq!(text(look.in_body(body)).as_deref(), Some("web-1"));
        assert_eq!(look.source().as_deref(), Some("JSON /hostname"));
    }

    #[test]
    fn pointers_reach_into_lists_and_past_slashes() {
        let path = |pointer: &str| tokens(pointer);
        let body = br#"{"a/b": [{"n": "x"}, {"n": 7}], "t": true, "null": null}"#;
        assert_eq!(text(json(body, &path("/a~1b/1/n"))).as_deref(), Some("7"));
        assert_eq!(text(json(body, &path("/t"))).as_deref(), Some("true"));
        assert_eq!(json(body, &path("/null")), None);
        assert_eq!(json(body, &path("/a~1b/01/n")), None);
        assert_eq!(json(body, &path("/a~1b/+1/n")), None);
        assert_eq!(json(body, &path("/a~1b/9/n")), None);
        assert_eq!(json(body, &path("/a~1b")), None);
        assert_eq!(json(b"no json", &path("/t")), None);
    }

    #[test]
    fn cookies_and_patterns_name_an_instance() {
        let mut look = Look::from(&IdentityFrom::Cookie("SERVERID".into()));
        assert_eq!(text(look.in_head(HEADERS)).as_deref(), Some("s3"));
        let pattern = regex::bytes::Regex::new("served by ([a-z0-9-]+)").unwrap();
        let mut look = Look::from(&IdentityFrom::Body(pattern));
        assert_eq!(text(look.in_body(b"<p>served by web-3</p>")).as_deref(), Some("web-3"));
    }

    #[test]
    fn nobody_looks_for_ever() {
        let mut look = Look::from(&IdentityFrom::Usual);
        (0..=PATIENCE).for_each(|_| look.in_vain());
        assert!(matches!(look, Look::Nowhere));
    }
}
