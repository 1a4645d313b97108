//! The bytes of a request, as they go over the wire.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use super::address::Address;

/// What is the same for all URLs of a run.
#[derive(Clone, Debug, Default)]
pub struct RequestParts {
    pub method: String,
    /// `HTTP/1.0` or `HTTP/1.1`.
    pub version: &'static str,
    pub keep_alive: bool,
    /// Lines of `-H`, as they were given.
    pub headers: Vec<String>,
    /// `name=value` of `-C`.
    pub cookies: Vec<String>,
    /// `user:password` of `-A` and `-P`.
    pub credentials: Option<String>,
    pub proxy_credentials: Option<String>,
    /// With its content type.
    pub body: Option<(String, Vec<u8>)>,
    /// Name the whole URL, because a proxy must know it.
    pub absolute: bool,
}

impl RequestParts {
    /// Head and body for one URL. What `-H` gives replaces what would be sent otherwise, as with `ab`.
    pub fn bytes(&self, address: &Address) -> Vec<u8> {
        let mut head: Vec<(String, String)> = vec![("Host".into(), address.host_header())];
        head.push(("User-Agent".into(), concat!("scaleproof/", env!("CARGO_PKG_VERSION")).into()));
        head.push(("Accept".into(), "*/*".into()));
        match (self.keep_alive, self.version) {
            (true, "HTTP/1.0") => head.push(("Connection".into(), "Keep-Alive".into())),
            (false, "HTTP/1.1") => head.push(("Connection".into(), "close".into())),
            _ => {}
        }
        let basic = |credentials: &String| format!("Basic {}", STANDARD.encode(credentials));
        head.extend(
            self.credentials.as_ref().or(address.credentials.as_ref()).map(|it| ("Authorization".into(), basic(it))),
        );
        if !address.is_tls {
            head.extend(self.proxy_credentials.as_ref().map(|it| ("Proxy-Authorization".into(), basic(it))));
        }
        if !self.cookies.is_empty() {
            head.push(("Cookie".into(), self.cookies.join("; ")));
        }
        if let Some((content_type, body)) = &self.body {
            head.push(("Content-Type".into(), content_type.clone()));
            head.push(("Content-Length".into(), body.len().to_string()));
        }
        let given = self.headers.iter().map(|line| line.split_once(':').unwrap_or((line, "")));
        let given: Vec<(&str, &str)> = given.map(|(name, value)| (name.trim(), value.trim())).collect();
        let is_replaced =
            |ours: &str| !is_listed(ours) && given.iter().any(|(name, _)| ours.eq_ignore_ascii_case(name));
        head.retain(|(name, _)| !is_replaced(name));
        head.extend(given.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())));
        // RFC 9110, section 7.2, wants it first.
        head.sort_by_key(|(name, _)| !name.eq_ignore_ascii_case("host"));
        let target = if self.absolute && !address.is_tls {
            format!("http://{}{}", address.host_header(), address.path)
        } else {
            address.path.clone()
        };
        let mut text = format!("{} {target} {}\r\n", self.method, self.version);
        head.iter().for_each(|(name, value)| text.push_str(&format!("{name}: {value}\r\n")));
        text.push_str("\r\n");
        let mut bytes = text.into_bytes();
        bytes.extend(self.body.iter().flat_map(|(_, body)| body));
        bytes
    }

    /// What asks a proxy for a tunnel to a host.
    pub fn tunnel(&self, address: &Address) -> Vec<u8> {
        let to = format!("{}:{}", address.host, address.port);
        let mut text = format!("CONNECT {to} HTTP/1.1\r\nHost: {to}\r\n");
        if let Some(credentials) = &self.proxy_credentials {
            text.push_str(&format!("Proxy-Authorization: Basic {}\r\n", STANDARD.encode(credentials)));
        }
        (text + "\r\n").into_bytes()
    }
}

/// May the header be there more than once?
fn is_listed(name: &str) -> bool {
    name.eq_ignore_ascii_case("cookie")
}

/// A token of RFC 9110, section 5.6.2: a method, or the name of a header.
pub fn is_token(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte))
}

/// Refuses what would not stay one header line.
pub fn header_line(text: &str) -> Result<String, String> {
    match text.split_once(':') {
        None => Err("expected `Name: value`".into()),
        Some((name, _)) if name.trim().is_empty() => Err("expected `Name: value`".into()),
        Some((name, _)) if !is_token(name.trim()) => {
            Err("the name of a header has letters, digits and !#$%&'*+-.^_`|~ only".into())
        }
        Some(_) if text.contains(['\r', '\n', '\0']) => Err("a header is one line".into()),
        Some(_) => Ok(text.to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parts() -> RequestParts {
        RequestParts { method: "GET".into(), version: "HTTP/1.1", keep_alive: true, ..RequestParts::default() }
    }

    fn text(parts: &RequestParts, url: &str) -> String {
        String::from_utf8(parts.bytes(&Address::parse(url).unwrap())).unwrap()
    }

    #[test]
    fn a_request_says_who_asks_whom_for_what() {
        let expected = format!(
            "GET /a?b HTTP/1.1\r\nHost: h:81\r\nUser-Agent: scaleproof/{}\r\nAccept: */*\r\n\r\n",
            env!("CARGO_PKG_VERSION")
        );
        assert_eq!(text(&parts(), "http://h:81/a?b"), expected);
    }

    #[test]
    fn headers_of_the_user_replace_ours() {
        let headers = vec!["host: other".into(), "X-A: 1".into(), "Accept:text/html".into()];
        let request = text(&RequestParts { headers, ..parts() }, "http://h/");
        assert!(request.starts_with("GET / HTTP/1.1\r\nhost: other\r\n") && !request.contains("Host: h\r\n"));
        assert!(request.ends_with("\r\nX-A: 1\r\nAccept: text/html\r\n\r\n"));
        assert_eq!(request.matches("Accept").count(), 1);
    }

    #[test]
    fn a_header_that_is_given_twice_is_sent_twice() {
        let headers = ["X-A: 1", "X-A: 2", "accept: a/a", "Accept: b/b", "Cookie: c=3"].map(String::from).to_vec();
        let request = text(&RequestParts { headers, cookies: vec!["a=1".into()], ..parts() }, "http://h/");
        assert!(
            request.ends_with("Cookie: a=1\r\nX-A: 1\r\nX-A: 2\r\naccept: a/a\r\nAccept: b/b\r\nCookie: c=3\r\n\r\n")
        );
    }

    #[test]
    fn connections_are_named_where_the_version_does_not_say_it() {
        let close = RequestParts { keep_alive: false, ..parts() };
        assert!(text(&close, "http://h/").contains("Connection: close\r\n"));
        let old = RequestParts { version: "HTTP/1.0", ..parts() };
        assert!(text(&old, "http://h/").contains("Connection: Keep-Alive\r\n"));
    }

    #[test]
    fn bodies_cookies_and_credentials_are_sent() {
        let body = Some(("text/plain".to_owned(), b"hello".to_vec()));
        let cookies = vec!["a=1".into(), "b=2".into()];
        let all = RequestParts { body, cookies, credentials: Some("me:pw".into()), method: "POST".into(), ..parts() };
        let request = text(&all, "http://h/");
        assert!(request.contains("Cookie: a=1; b=2\r\n") && request.contains("Authorization: Basic bWU6cHc=\r\n"));
        assert!(request.contains("Content-Length: 5\r\n") && request.ends_with("\r\n\r\nhello"));
        assert!(text(&parts(), "http://u:p@h/").contains("Authorization: Basic dTpw\r\n"));
    }

    #[test]
    fn a_proxy_is_told_the_whole_url() {
        let proxied = RequestParts { absolute: true, proxy_credentials: Some("p:w".into()), ..parts() };
        assert!(text(&proxied, "http://h:81/a").starts_with("GET http://h:81/a HTTP/1.1\r\n"));
        let tunnel = String::from_utf8(proxied.tunnel(&Address::parse("https://h/").unwrap())).unwrap();
        assert_eq!(tunnel, "CONNECT h:443 HTTP/1.1\r\nHost: h:443\r\nProxy-Authorization: Basic cDp3\r\n\r\n");
        assert!(text(&proxied, "https://h/a").starts_with("GET /a HTTP/1.1\r\n"));
    }

    #[test]
    fn headers_that_are_none_are_refused() {
        assert!(header_line("X-A: 1").is_ok());
        assert!(header_line("no colon").unwrap_err().contains("Name: value"));
        assert!(header_line("X: a\r\nY: b").unwrap_err().contains("one line"));
        assert!(header_line(": x").is_err() && header_line("a b: x").is_err() && header_line("a(b: x").is_err());
    }
}
