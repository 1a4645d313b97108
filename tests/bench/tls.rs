//! TLS, and what is none.

use std::sync::Arc;
use std::time::Duration;

use rcgen::{BasicConstraints, CertificateParams, IsCa, KeyPair};
use rustls::crypto::ring;
use rustls::pki_types::{CertificateDer, PrivatePkcs8KeyDer, ServerName};
use rustls::{ClientConfig, RootCertStore, ServerConfig};
use scaleproof::load::bench::{Origin, Plan, Target, TlsClient};
use scaleproof::model::bench::FailureKind;

use crate::answers::{OK, always, say};
use crate::client::{Came, came, drive, plan, tcp};
use crate::server::{Script, Server, Step};

/// A certificate of its own for these names, and a server with it.
pub struct Identity {
    pub pem: String,
    certificate: CertificateDer<'static>,
    pub server: Arc<ServerConfig>,
}

pub fn identity(names: &[&str]) -> Identity {
    signed_by_itself(names, IsCa::NoCa)
}

/// As `openssl req -x509` makes it: an authority whose own certificate the server shows.
pub fn own_authority(names: &[&str]) -> Identity {
    signed_by_itself(names, IsCa::Ca(BasicConstraints::Unconstrained))
}

fn signed_by_itself(names: &[&str], is_ca: IsCa) -> Identity {
    let names: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
    let mut wanted = CertificateParams::new(names).unwrap();
    wanted.is_ca = is_ca;
    let pair = KeyPair::generate().unwrap();
    let made = wanted.self_signed(&pair).unwrap();
    let certificate = made.der().clone();
    let key = PrivatePkcs8KeyDer::from(pair.serialize_der());
    let server = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![certificate.clone()], key.into())
        .unwrap();
    Identity { pem: made.pem(), certificate, server: Arc::new(server) }
}

/// A client that believes these, and expects this name.
pub fn client(believed: &Identity, name: &'static str) -> TlsClient {
    let mut roots = RootCertStore::empty();
    roots.add(believed.certificate.clone()).unwrap();
    let config = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth();
    TlsClient { config: Arc::new(config), name: ServerName::try_from(name).unwrap() }
}

fn over_tls(server: &Server, client: TlsClient) -> Target {
    let plain = tcp(server.address);
    Target { origin: Origin { tls: Some(client), ..plain.origin.clone() }, ..plain }
}

#[test]
fn a_server_that_is_believed_is_asked() {
    let identity = identity(&["localhost"]);
    let chunked = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nyes\r\n0\r\n\r\n";
    let large = format!("HTTP/1.1 200 OK\r\nContent-Length: 200000\r\n\r\n{}", "x".repeat(200_000));
    for answer in [OK, chunked, &large] {
        let server = Server::start_tls(vec![always(answer)], identity.server.clone());
        for (keep_alive, threads) in [(true, 1), (false, 1), (true, 3)] {
            let target = over_tls(&server, client(&identity, "localhost"));
            let measured = drive(Plan { connections: 3, threads, keep_alive, ..plan(target, 12) });
            assert_eq!(came(&measured), [(Came::Status(200), 12)], "{:?}", measured.tally.failures);
            let session = measured.tally.first.unwrap().tls.unwrap();
            assert_eq!((session.protocol.as_str(), session.server_name.as_str()), ("TLSv1.3", "localhost"));
        }
        assert_eq!(server.requests(), 36);
    }
}

#[test]
fn a_large_body_goes_over_tls() {
    let identity = identity(&["localhost"]);
    let server = Server::start_tls(vec![always(OK)], identity.server.clone());
    let body = crate::client::post(server.address, 2 << 20);
    let target = Target { origin: over_tls(&server, client(&identity, "localhost")).origin, ..body };
    let measured = drive(plan(target, 3));
    assert_eq!(came(&measured), [(Came::Status(200), 3)], "{:?}", measured.tally.failures);
    assert_eq!(server.requests(), 3);
}

fn refused(server: &Server, client: &TlsClient) {
    let measured = drive(Plan { connections: 2, ..plan(over_tls(server, client.clone()), 4) });
    assert_eq!(came(&measured), [(Came::Failed(FailureKind::Tls), 4)], "{:?}", measured.tally.failures);
    let (_, example) = &measured.tally.failures[&FailureKind::Tls];
    assert!(!example.is_empty());
}

#[test]
fn a_certificate_that_nobody_vouches_for() {
    let (known, unknown) = (identity(&["localhost"]), identity(&["localhost"]));
    refused(&Server::start_tls(vec![always(OK)], unknown.server.clone()), &client(&known, "localhost"));
}

#[test]
fn a_certificate_for_another_name() {
    let identity = identity(&["localhost"]);
    refused(&Server::start_tls(vec![always(OK)], identity.server.clone()), &client(&identity, "example.org"));
}

#[test]
fn what_is_no_tls() {
    let client = client(&identity(&["localhost"]), "localhost");
    let ways: [Script; 4] = [
        vec![Step::Drain(Duration::from_millis(20)), say("HTTP/1.1 400 Bad Request\r\n\r\n"), Step::Hold],
        vec![say("220 mail.example ESMTP\r\n"), Step::Hold],
        // Ends in the middle of the handshake, politely; and after half a record.
        vec![Step::Drain(Duration::from_millis(20))],
        vec![Step::Drain(Duration::from_millis(20)), Step::Say(vec![22, 3, 3, 1, 0, 2])],
    ];
    for way in ways {
        refused(&Server::start(vec![way]), &client);
    }
}

#[test]
fn a_handshake_that_does_not_end() {
    let server = Server::start(vec![vec![Step::Hold]]);
    let target = over_tls(&server, client(&identity(&["localhost"]), "localhost"));
    let measured = drive(Plan { timeout: Duration::from_millis(300), ..plan(target, 2) });
    assert_eq!(came(&measured), [(Came::Failed(FailureKind::ConnectTimeout), 2)]);
}

/// Without TLS's own end, and with it.
#[test]
fn an_answer_that_is_broken_off() {
    let identity = identity(&["localhost"]);
    let cut = say("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nno");
    for script in [vec![Step::Read, cut.clone()], vec![Step::Read, cut, Step::Finish, Step::Hold]] {
        let server = Server::start_tls(vec![script], identity.server.clone());
        let measured = drive(plan(over_tls(&server, client(&identity, "localhost")), 3));
        assert_eq!(came(&measured), [(Came::Failed(FailureKind::Truncated), 3)], "{:?}", measured.tally.failures);
    }
    let server = Server::start_tls(vec![vec![Step::Read]], identity.server.clone());
    let measured = drive(plan(over_tls(&server, client(&identity, "localhost")), 3));
    assert_eq!(came(&measured), [(Came::Failed(FailureKind::Closed), 3)], "{:?}", measured.tally.failures);
}

/// Said with the last message of the handshake.
#[test]
fn what_is_said_over_tls_before_anybody_asks() {
    let identity = identity(&["localhost"]);
    let server = Server::start_tls(vec![vec![say("nonsense"), Step::Hold]], identity.server.clone());
    let measured = drive(plan(over_tls(&server, client(&identity, "localhost")), 5));
    assert_eq!(came(&measured), [(Came::Failed(FailureKind::Garbage), 5)], "{:?}", measured.tally.failures);
}
