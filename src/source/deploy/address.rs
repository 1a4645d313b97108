//! Where a server is, as balancers write it.

use crate::model::Name;
use crate::model::deployment::Server;
use crate::model::location::Span;

/// `http://app:3000/path`, `app`, `10.0.0.1:80`, `[::1]:80`, `unix:/run/app.sock`, `unix//run/app.sock`.
pub(super) fn server(written: &str, span: Span) -> Server {
    let (host, port) = host_and_port(written);
    Server { host: Name::new(host), port, address: written.into(), span, settings: Vec::new() }
}

fn host_and_port(written: &str) -> (&str, Option<u16>) {
    if written.contains("unix:") || written.starts_with(['/', '@']) || written.starts_with("unix/") {
        return ("", None);
    }
    let behind_scheme = written.split_once("://").map_or(written, |(_, rest)| rest);
    let authority = behind_scheme.split(['/', '?']).next().unwrap_or_default();
    let authority = authority.rsplit_once('@').map_or(authority, |(_, host)| host);
    if let Some((host, rest)) = authority.strip_prefix('[').and_then(|inner| inner.split_once(']')) {
        return (host, rest.strip_prefix(':').and_then(|port| port.parse().ok()));
    }
    match authority.rsplit_once(':') {
        // More than one colon without brackets: an address of IPv6.
        Some((host, _)) if host.contains(':') => (authority, None),
        Some((host, port)) => (host, port.parse().ok()),
        None => (authority, None),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hosts_and_ports_are_told_apart() {
        for (written, host, port) in [
            ("app", "app", None),
            ("app:3000", "app", Some(3000)),
            ("http://app:3000/api/", "app", Some(3000)),
            ("h2c://app", "app", None),
            ("https://user:word@shop.example:8443?x", "shop.example", Some(8443)),
            ("10.0.0.1:80", "10.0.0.1", Some(80)),
            ("[::1]:80", "::1", Some(80)),
            ("::1", "::1", None),
            ("unix:/run/app.sock", "", None),
            ("http://unix:/run/app.sock:/", "", None),
            ("unix//run/app.sock", "", None),
            ("/run/app.sock", "", None),
            ("app:$port", "app", None),
            (":8080", "", Some(8080)),
            ("", "", None),
        ] {
            let server = server(written, Span::default());
            assert_eq!((server.host.as_str(), server.port), (host, port), "{written}");
        }
    }
}
