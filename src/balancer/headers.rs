//! What a proxy has to change in headers, RFC 9110 section 7.6. Pure.

use std::net::IpAddr;

use hyper::header::{
    CONNECTION, COOKIE, EXPECT, HOST, HeaderMap, HeaderName, HeaderValue, TE, TRANSFER_ENCODING, UPGRADE,
};

use crate::model::fleet;

/// Names the replica that a request must go to; never passed on.
pub const PIN: HeaderName = HeaderName::from_static(fleet::PIN_HEADER);
/// Names the replica that was asked; on every response that one was asked for.
pub const REPLICA: HeaderName = HeaderName::from_static(fleet::REPLICA_HEADER);
/// On responses that the balancer made itself: why.
pub const ERROR: HeaderName = HeaderName::from_static(fleet::ERROR_HEADER);
/// On responses to requests that were sent a second time, over a fresh connection.
pub const RESENT: HeaderName = HeaderName::from_static(fleet::RESENT_HEADER);

const FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");
const FORWARDED_PROTO: HeaderName = HeaderName::from_static("x-forwarded-proto");
const FORWARDED_HOST: HeaderName = HeaderName::from_static("x-forwarded-host");

/// Meant for one connection only. `Trailer` is not among them: it announces fields that travel to the end.
const HOP_BY_HOP: [HeaderName; 6] = [
    CONNECTION,
    TE,
    TRANSFER_ENCODING,
    UPGRADE,
    HeaderName::from_static("keep-alive"),
    HeaderName::from_static("proxy-connection"),
];

/// The protocol that the message asks to switch to or agrees to.
pub fn upgrade(headers: &HeaderMap) -> Option<HeaderValue> {
    has_token(headers, &CONNECTION, "upgrade").then(|| headers.get(UPGRADE).cloned()).flatten()
}

fn has_token(headers: &HeaderMap, name: &HeaderName, token: &str) -> bool {
    tokens(headers, name).any(|it| it.eq_ignore_ascii_case(token))
}

fn tokens<'a>(headers: &'a HeaderMap, name: &HeaderName) -> impl Iterator<Item = &'a str> {
    headers
        .get_all(name)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .map(str::trim)
}

/// Removes what belongs to one connection, and what `Connection` names as such; puts back an `upgrade`.
pub fn strip(headers: &mut HeaderMap, upgrade: Option<&HeaderValue>) {
    let trailers = has_token(headers, &TE, "trailers");
    let named: Vec<HeaderName> = tokens(headers, &CONNECTION).filter_map(|name| name.parse().ok()).collect();
    for name in named.iter().chain(&HOP_BY_HOP) {
        headers.remove(name);
    }
    if trailers {
        headers.insert(TE, HeaderValue::from_static("trailers"));
    }
    if let Some(protocol) = upgrade {
        headers.insert(CONNECTION, HeaderValue::from_static("upgrade"));
        headers.insert(UPGRADE, protocol.clone());
    }
}

/// Makes the headers of a client's request those of the request to a replica. What an outer proxy has said stays: the
/// balancer listens on loopback, so whoever says it is a neighbour.
pub fn forward(headers: &mut HeaderMap, client: IpAddr, upgrade: Option<&HeaderValue>) {
    strip(headers, upgrade);
    headers.remove(PIN);
    // The body is sent at once, so there is nothing left to wait for; the client got its 100 from us.
    headers.remove(EXPECT);
    let chain: Vec<String> = tokens(headers, &FORWARDED_FOR).map(str::to_owned).chain([client.to_string()]).collect();
    if let Ok(chain) = HeaderValue::from_str(&chain.join(", ")) {
        headers.insert(FORWARDED_FOR, chain);
    }
    headers.entry(FORWARDED_PROTO).or_insert(HeaderValue::from_static("http"));
    if let Some(host) = headers.get(HOST).cloned() {
        headers.entry(FORWARDED_HOST).or_insert(host);
    }
}

/// The address that the request says it comes from, else that of the connection.
pub fn client(headers: &HeaderMap, peer: IpAddr) -> String {
    tokens(headers, &FORWARDED_FOR).next().map_or_else(|| peer.to_string(), str::to_owned)
}

/// The value of a cookie.
pub fn cookie<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    let values = headers.get_all(COOKIE).iter().filter_map(|value| value.to_str().ok());
    let mut pairs = values.flat_map(|value| value.split(';')).filter_map(|pair| pair.trim().split_once('='));
    pairs.find(|(key, _)| *key == name).map(|(_, value)| value)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn map(pairs: &[(&'static str, &'static str)]) -> HeaderMap {
        let pairs = pairs.iter().map(|&(name, value)| (HeaderName::from_static(name), HeaderValue::from_static(value)));
        let mut headers = HeaderMap::new();
        for (name, value) in pairs {
            headers.append(name, value);
        }
        headers
    }

    #[test]
    fn what_belongs_to_the_connection_stays_there() {
        let mut headers = map(&[
            ("connection", "keep-alive, X-Secret"),
            ("keep-alive", "timeout=5"),
            ("x-secret", "1"),
            ("te", "gzip, trailers"),
            ("transfer-encoding", "chunked"),
            ("trailer", "x-sum"),
            ("accept", "*/*"),
        ]);
        strip(&mut headers, None);
        assert_eq!(headers, map(&[("trailer", "x-sum"), ("accept", "*/*"), ("te", "trailers")]));
    }

    #[test]
    fn an_upgrade_is_passed_on_and_only_one_that_is_asked_for() {
        let mut headers = map(&[("connection", "Upgrade"), ("upgrade", "websocket")]);
        let protocol = upgrade(&headers);
        assert_eq!(protocol, Some(HeaderValue::from_static("websocket")));
        strip(&mut headers, protocol.as_ref());
        assert_eq!(headers, map(&[("connection", "upgrade"), ("upgrade", "websocket")]));
        assert_eq!(upgrade(&map(&[("upgrade", "h2c")])), None);
    }

    #[test]
    fn the_replica_learns_who_asked_whom() {
        let mut headers = map(&[("host", "shop.test"), ("x-scaleproof-pin", "r1"), ("x-forwarded-for", "10.0.0.7")]);
        assert_eq!(client(&headers, [127, 0, 0, 1].into()), "10.0.0.7");
        forward(&mut headers, [127, 0, 0, 1].into(), None);
        let expected = map(&[
            ("host", "shop.test"),
            ("x-forwarded-for", "10.0.0.7, 127.0.0.1"),
            ("x-forwarded-proto", "http"),
            ("x-forwarded-host", "shop.test"),
        ]);
        assert_eq!(headers, expected);
    }

    #[test]
    fn a_cookie_is_found_among_others() {
        let headers = map(&[("cookie", "a=1; scaleproof_sticky=r2"), ("cookie", "b=x=y")]);
        assert_eq!(cookie(&headers, "scaleproof_sticky"), Some("r2"));
        assert_eq!(cookie(&headers, "b"), Some("x=y"));
        assert_eq!(cookie(&headers, "sticky"), None);
    }
}
