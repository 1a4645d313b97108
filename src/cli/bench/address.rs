//! What a URL of the command line leads to, and whether load may go there.

use std::net::{IpAddr, SocketAddr, TcpStream, ToSocketAddrs};
use std::time::Duration;

use reqwest::Url;

use crate::model::problem::Problem;

/// For one address of several to accept a connection.
const PATIENCE: Duration = Duration::from_secs(1);

/// A URL, taken apart.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Address {
    /// As reports show it: without user and password.
    pub url: String,
    pub is_tls: bool,
    /// As a `Host` header has it, without the port; IPv6 in brackets.
    pub host: String,
    pub port: u16,
    /// With the query.
    pub path: String,
    /// `user:password`, when the URL has it.
    pub credentials: Option<String>,
}

impl Address {
    /// Parses `[http[s]://]host[:port][/path]`.
    ///
    /// # Errors
    /// What was expected instead.
    pub fn parse(text: &str) -> Result<Self, String> {
        let full = if text.contains("://") { text.to_owned() } else { format!("http://{text}") };
        let url = Url::parse(&full).map_err(|error| format!("{error}; expected http[s]://host[:port]/path"))?;
        let is_tls = match url.scheme() {
            "http" => false,
            "https" => true,
            other => return Err(format!("`{other}` is not spoken here; expected http:// or https://")),
        };
        let host = url.host_str().filter(|host| !host.is_empty()).ok_or("it names no host")?.to_owned();
        let port = url.port_or_known_default().ok_or("it has no port")?;
        let path = url.query().map_or_else(|| url.path().to_owned(), |query| format!("{}?{query}", url.path()));
        let (user, password) = (url.username(), url.password());
        let is_named = !user.is_empty() || password.is_some();
        let credentials = is_named.then(|| format!("{user}:{}", password.unwrap_or_default()));
        let shown = if is_named { without_credentials(&full) } else { full };
        Ok(Address { url: shown, is_tls, host, port, path, credentials })
    }

    /// As a `Host` header has it: the port only where it is not the usual one.
    pub fn host_header(&self) -> String {
        let usual = if self.is_tls { 443 } else { 80 };
        if self.port == usual { self.host.clone() } else { format!("{}:{}", self.host, self.port) }
    }

    /// For a lookup: IPv6 without brackets.
    pub fn bare_host(&self) -> &str {
        self.host.trim_start_matches('[').trim_end_matches(']')
    }
}

/// Reports are for others, who need no password: what ends with the last `@` before the path is left out.
fn without_credentials(url: &str) -> String {
    let (scheme, rest) = url.split_once("://").unwrap_or(("", url));
    let end = rest.find(['/', '?', '#']).unwrap_or(rest.len());
    let start = rest[..end].rfind('@').map_or(0, |at| at + 1);
    format!("{scheme}://{}", &rest[start..])
}

/// `--resolve HOST:PORT:ADDRESS`, as curl has it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Resolution {
    host: String,
    port: u16,
    address: IpAddr,
}

impl std::str::FromStr for Resolution {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let expected = || format!("`{text}`: expected HOST:PORT:ADDRESS, as in shop.example:80:127.0.0.1");
        let mut parts = text.splitn(3, ':');
        let (host, port, address) = (parts.next(), parts.next(), parts.next());
        let (Some(host), Some(port), Some(address)) = (host, port, address) else { return Err(expected()) };
        // Nobody looks an address up: load would go to one that was never checked.
        if host.parse::<IpAddr>().is_ok() {
            return Err(format!("`{host}`: a host's name is expected, as in shop.example:80:127.0.0.1"));
        }
        let address = address.trim_start_matches('[').trim_end_matches(']');
        Ok(Resolution {
            host: host.to_ascii_lowercase(),
            port: port.parse().map_err(|_| expected())?,
            address: address.parse().map_err(|_| expected())?,
        })
    }
}

/// Where connections to a host go: to the first address that load may go to and where somebody listens, else to the first that it may
/// go to.
///
/// # Errors
/// What the resolver said, or whose the host may be, and what to do.
pub fn place(host: &str, port: u16, resolutions: &[Resolution], owned: bool) -> Result<SocketAddr, Problem> {
    let mut refused = None;
    let mut permitted = resolve(host, port, resolutions)?;
    permitted.retain(|address| match permit(host, address.ip(), owned) {
        Ok(()) => true,
        Err(problem) => {
            refused.get_or_insert(problem);
            false
        }
    });
    listening(&permitted).ok_or_else(|| refused.unwrap_or_else(|| unknown(host, "the resolver gave none")))
}

/// `localhost` is 127.0.0.1 and ::1, and many servers listen at one of them only.
fn listening(addresses: &[SocketAddr]) -> Option<SocketAddr> {
    let accepts = |address: &&SocketAddr| TcpStream::connect_timeout(address, PATIENCE).is_ok();
    let found = addresses.iter().find(|address| addresses.len() > 1 && accepts(address));
    found.or(addresses.first()).copied()
}

/// The socket addresses of a host: what `--resolve` says, else all that the system gives, IPv4 before IPv6.
///
/// # Errors
/// What the resolver said, and what to do.
pub fn resolve(host: &str, port: u16, resolutions: &[Resolution]) -> Result<Vec<SocketAddr>, Problem> {
    let named = |resolution: &&Resolution| resolution.host == host.to_ascii_lowercase() && resolution.port == port;
    if let Some(known) = resolutions.iter().find(named) {
        return Ok(vec![SocketAddr::new(known.address, port)]);
    }
    let found = (host, port).to_socket_addrs().map_err(|error| unknown(host, &error.to_string()))?;
    let mut found: Vec<SocketAddr> = found.collect();
    found.sort_by_key(SocketAddr::is_ipv6);
    Ok(found)
}

fn unknown(host: &str, why: &str) -> Problem {
    Problem::new(format!("{host} has no address: {why}")).help(
        "Is the name right, and does this machine's resolver know it? `--resolve HOST:PORT:ADDRESS` says where it is.",
    )
}

/// Loopback, private, link-local and carrier-grade addresses: what is within reach of whoever runs this.
pub fn is_near(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(v4) => {
            let [first, second, ..] = v4.octets();
            v4.is_loopback() || v4.is_private() || v4.is_link_local() || (first == 100 && second & 0xc0 == 64)
        }
        IpAddr::V6(v6) => match v6.to_ipv4_mapped() {
            Some(v4) => is_near(v4.into()),
            None => v6.is_loopback() || v6.is_unique_local() || v6.is_unicast_link_local(),
        },
    }
}

/// Refuses to send load to somebody else's machine by accident.
pub fn permit(host: &str, address: IpAddr, owned: bool) -> Result<(), Problem> {
    if owned || is_near(address) {
        return Ok(());
    }
    let called = if host.parse() == Ok(address) { host.to_owned() } else { format!("{host}, which is {address},") };
    Err(Problem::new(format!("{called} is neither loopback nor in a private network")).help(
        "Load on a host of somebody else is an attack on it. If this one is yours, say so with `--yes-i-own-this-host`.",
    ))
}

#[cfg(test)]
mod tests {
    use std::net::TcpListener;

    use super::*;

    fn parsed(text: &str) -> (bool, String, u16, String) {
        let address = Address::parse(text).unwrap();
        (address.is_tls, address.host_header(), address.port, address.path)
    }

    #[test]
    fn urls_need_neither_scheme_nor_path() {
        assert_eq!(parsed("http://127.0.0.1:8080"), (false, "127.0.0.1:8080".into(), 8080, "/".into()));
        assert_eq!(parsed("localhost:8080/a?b=c#d"), (false, "localhost:8080".into(), 8080, "/a?b=c".into()));
        assert_eq!(parsed("https://[::1]/x y"), (true, "[::1]".into(), 443, "/x%20y".into()));
        assert_eq!(parsed("example.org"), (false, "example.org".into(), 80, "/".into()));
    }

    #[test]
    fn passwords_are_sent_and_not_shown() {
        for (url, credentials, shown) in [
            ("http://me:secret@h/a@b", "me:secret", "http://h/a@b"),
            ("http://:secret@h:81", ":secret", "http://h:81"),
            ("me@h?q", "me:", "http://h?q"),
        ] {
            let address = Address::parse(url).unwrap();
            assert_eq!((address.credentials.as_deref(), &*address.url), (Some(credentials), shown), "{url}");
        }
    }

    #[test]
    fn wrong_urls_say_what_was_expected() {
        assert!(Address::parse("ftp://h/").unwrap_err().contains("expected http:// or https://"));
        assert!(Address::parse("http://h:99999/").unwrap_err().contains("expected http[s]://host[:port]/path"));
        assert!(Address::parse("http://").is_err());
    }

    #[test]
    fn names_can_be_given_addresses() {
        let known = ["Shop.example:80:127.0.0.9".parse().unwrap(), "v6.example:81:[::1]".parse().unwrap()];
        assert_eq!(resolve("shop.example", 80, &known).unwrap(), ["127.0.0.9:80".parse().unwrap()]);
        assert_eq!(resolve("v6.example", 81, &known).unwrap(), ["[::1]:81".parse().unwrap()]);
        assert!("shop.example:80".parse::<Resolution>().unwrap_err().contains("HOST:PORT:ADDRESS"));
        assert!("127.0.0.1:80:8.8.8.8".parse::<Resolution>().unwrap_err().contains("name is expected"));
    }

    #[test]
    fn the_address_where_somebody_listens_is_taken() {
        let listener = TcpListener::bind("127.0.0.2:0").unwrap();
        let served = listener.local_addr().unwrap();
        let silent = SocketAddr::new("127.0.0.1".parse().unwrap(), served.port());
        assert_eq!(listening(&[silent, served]), Some(served));
        drop(listener);
        assert_eq!(listening(&[silent, served]), Some(silent));
        assert_eq!(listening(&[]), None);
    }

    #[test]
    fn only_what_is_near_is_permitted() {
        for near in
            ["127.4.0.1", "10.0.0.1", "172.31.9.9", "192.168.1.1", "169.254.1.1", "100.64.0.1", "::1", "fd00::1"]
        {
            assert!(is_near(near.parse().unwrap()), "{near}");
        }
        for far in ["8.8.8.8", "172.32.0.1", "100.128.0.1", "2001:db8::1", "::ffff:8.8.8.8", "0.0.0.0"] {
            assert!(!is_near(far.parse().unwrap()), "{far}");
        }
        assert!(permit("h", "8.8.8.8".parse().unwrap(), false).unwrap_err().help.contains("--yes-i-own-this-host"));
        assert!(permit("h", "8.8.8.8".parse().unwrap(), true).is_ok());
    }
}
