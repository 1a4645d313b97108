//! A user's cookie jar, after RFC 6265.
//!
//! Two liberties: there is one host only, so `Domain` is not looked at; and `Secure` cookies are sent although the balancer
//! speaks plain HTTP, because in production TLS ends in front of it.

use super::clock::cookie_date;

#[derive(Default)]
pub(super) struct Jar {
    cookies: Vec<Cookie>,
}

struct Cookie {
    name: String,
    value: String,
    path: String,
}

impl Jar {
    /// Takes one `Set-Cookie` line in; returns the cookie's name and value, or `None` for a line that sets none.
    /// `now`: seconds since 1970.
    pub fn take(&mut self, line: &str, request_path: &str, now: i64) -> Option<(String, String)> {
        let mut parts = line.split(';');
        let (name, value) = parts.next()?.split_once('=')?;
        let (name, value) = (name.trim().to_string(), value.trim().to_string());
        if name.is_empty() {
            return None;
        }
        let (mut path, mut max_age, mut expires) = (None, None, None);
        for part in parts {
            let (key, value) = part.split_once('=').unwrap_or((part, ""));
            match key.trim().to_ascii_lowercase().as_str() {
                "path" => path = Some(value.trim()).filter(|path| path.starts_with('/')),
                "max-age" => max_age = value.trim().parse::<i64>().ok(),
                "expires" => expires = cookie_date(value),
                _ => {}
            }
        }
        let path = path.unwrap_or_else(|| default_path(request_path)).to_string();
        let expired = max_age.map_or_else(|| expires.is_some_and(|time| time <= now), |age| age <= 0);
        self.cookies.retain(|cookie| cookie.name != name || cookie.path != path);
        if !expired {
            self.cookies.push(Cookie { name: name.clone(), value: value.clone(), path });
        }
        Some((name, value))
    }

    /// Names and values for a request, longer paths first.
    pub fn for_path(&self, path: &str) -> Vec<(&str, &str)> {
        let mut fitting: Vec<&Cookie> = self.cookies.iter().filter(|cookie| path_matches(path, &cookie.path)).collect();
        fitting.sort_by_key(|cookie| std::cmp::Reverse(cookie.path.len()));
        fitting.iter().map(|cookie| (cookie.name.as_str(), cookie.value.as_str())).collect()
    }
}

/// RFC 6265, section 5.1.4.
fn default_path(request_path: &str) -> &str {
    match request_path.rfind('/') {
        Some(0) | None => "/",
        Some(at) => &request_path[..at],
    }
}

fn path_matches(request_path: &str, cookie_path: &str) -> bool {
    request_path
        .strip_prefix(cookie_path)
        .is_some_and(|rest| rest.is_empty() || cookie_path.ends_with('/') || rest.starts_with('/'))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn names(jar: &Jar, path: &str) -> Vec<String> {
        jar.for_path(path).iter().map(|(name, value)| format!("{name}={value}")).collect()
    }

    #[test]
    fn a_newer_cookie_replaces_an_older_one_of_the_same_name_and_path() {
        let mut jar = Jar::default();
        assert_eq!(jar.take("sid=a; Path=/; HttpOnly", "/login", 0), Some(("sid".into(), "a".into())));
        jar.take("sid=b; Path=/", "/", 0);
        assert_eq!(names(&jar, "/cart"), ["sid=b"]);
    }

    #[test]
    fn an_expired_cookie_is_taken_out() {
        let mut jar = Jar::default();
        jar.take("a=1; Path=/", "/", 100);
        jar.take("b=1; Path=/", "/", 100);
        assert!(jar.take("a=; Path=/; Max-Age=0", "/", 100).is_some());
        jar.take("b=; Path=/; Expires=Thu, 01 Jan 1970 00:00:00 GMT", "/", 100);
        assert!(names(&jar, "/").is_empty());
    }

    #[test]
    fn a_cookie_is_sent_below_its_path_only() {
        let mut jar = Jar::default();
        jar.take("here=1", "/shop/login", 0);
        jar.take("all=1; Path=/", "/shop/login", 0);
        assert_eq!(names(&jar, "/shop/cart"), ["here=1", "all=1"]);
        assert_eq!(names(&jar, "/shopping"), ["all=1"]);
    }

    #[test]
    fn a_line_without_a_name_sets_nothing() {
        assert_eq!(Jar::default().take("=x; Path=/", "/", 0), None);
        assert_eq!(Jar::default().take("garbage", "/", 0), None);
    }

    proptest! {
        #[test]
        fn any_line_and_any_path_are_digested(line in ".{0,80}", path in "/.{0,40}") {
            let mut jar = Jar::default();
            let _ = jar.take(&line, &path, 0);
            let _ = jar.for_path(&path);
        }
    }
}
