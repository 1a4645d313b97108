//! How a TLS server is believed, and what is offered to it.

mod verifier;

use std::fs;
use std::path::Path;
use std::sync::Arc;

use rustls::client::WebPkiServerVerifier;
use rustls::client::danger::ServerCertVerifier;
use rustls::crypto::{CryptoProvider, ring};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use rustls::{ClientConfig, RootCertStore, SupportedCipherSuite, SupportedProtocolVersion, version};

use super::args::TlsArgs;
use crate::model::problem::Problem;
use verifier::{Believed, Verifier};

/// What ab's `-Z` calls the suites that are spoken here: OpenSSL's names beside those of the IANA registry.
const SUITES: &[(&str, &str)] = &[
    ("TLS_AES_256_GCM_SHA384", "TLS13_AES_256_GCM_SHA384"),
    ("TLS_AES_128_GCM_SHA256", "TLS13_AES_128_GCM_SHA256"),
    ("TLS_CHACHA20_POLY1305_SHA256", "TLS13_CHACHA20_POLY1305_SHA256"),
    ("ECDHE-ECDSA-AES256-GCM-SHA384", "TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384"),
    ("ECDHE-ECDSA-AES128-GCM-SHA256", "TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256"),
    ("ECDHE-ECDSA-CHACHA20-POLY1305", "TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256"),
    ("ECDHE-RSA-AES256-GCM-SHA384", "TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384"),
    ("ECDHE-RSA-AES128-GCM-SHA256", "TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256"),
    ("ECDHE-RSA-CHACHA20-POLY1305", "TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256"),
];

/// What may be spoken.
pub struct Spoken {
    provider: Arc<CryptoProvider>,
    versions: Vec<&'static SupportedProtocolVersion>,
}

/// What `-f` and `-Z` ask for, whether or not a URL needs it: a word that means nothing is refused.
pub fn spoken(args: &TlsArgs) -> Result<Spoken, Problem> {
    let mut provider = ring::default_provider();
    if let Some(names) = &args.ciphers {
        provider.cipher_suites = suites(names)?;
    }
    Ok(Spoken { provider: Arc::new(provider), versions: versions(args.protocol.as_deref())? })
}

/// The configuration of all connections of a run; `alpn` is what is offered.
pub fn config(args: &TlsArgs, spoken: &Spoken, alpn: &[u8]) -> Result<Arc<ClientConfig>, Problem> {
    let builder = ClientConfig::builder_with_provider(spoken.provider.clone())
        .with_protocol_versions(&spoken.versions)
        .map_err(|error| Problem::new(format!("no TLS can be spoken with these suites and versions: {error}")))?;
    let verified = builder.dangerous().with_custom_certificate_verifier(verifier(args, &spoken.provider)?);
    let mut config = match &args.client_certificate {
        Some(path) => {
            let (chain, key) = client_certificate(path)?;
            verified.with_client_auth_cert(chain, key).map_err(|error| {
                Problem::new(format!("the client certificate in {} cannot be used: {error}", path.display()))
            })?
        }
        None => verified.with_no_client_auth(),
    };
    config.enable_sni = !args.no_sni;
    config.alpn_protocols = vec![alpn.to_vec()];
    Ok(Arc::new(config))
}

fn verifier(args: &TlsArgs, provider: &Arc<CryptoProvider>) -> Result<Arc<dyn ServerCertVerifier>, Problem> {
    let algorithms = provider.signature_verification_algorithms;
    if args.insecure {
        return Ok(Arc::new(Verifier { algorithms, believed: Believed::Everybody }));
    }
    let given = args.cacert.as_deref().map(certificates).transpose()?;
    let mut roots = RootCertStore::empty();
    roots.add_parsable_certificates(given.clone().unwrap_or_else(|| rustls_native_certs::load_native_certs().certs));
    let signed =
        WebPkiServerVerifier::builder_with_provider(Arc::new(roots), provider.clone()).build().map_err(|error| {
            Problem::new(format!("no certificate can be believed: {error}"))
                .help("`--cacert FILE` says whose are believed, in PEM, and `--insecure` believes every server.")
        })?;
    Ok(match given {
        None => signed,
        Some(given) => Arc::new(Verifier { algorithms, believed: Believed::Given { signed, given } }),
    })
}

/// The name that a certificate must have.
pub fn server_name(host: &str) -> Result<ServerName<'static>, Problem> {
    ServerName::try_from(host.to_owned())
        .map_err(|_| Problem::new(format!("`{host}` is no name that a certificate can have")))
}

/// Of a file in PEM.
fn certificates(path: &Path) -> Result<Vec<CertificateDer<'static>>, Problem> {
    let unreadable = |error: &dyn std::fmt::Display| {
        Problem::new(format!("no certificates can be read from {}: {error}", path.display()))
            .help("`--cacert` wants a PEM file with the certificates of those who sign.")
    };
    let found = CertificateDer::pem_file_iter(path).map_err(|error| unreadable(&error))?;
    let found: Result<Vec<_>, _> = found.collect();
    let found = found.map_err(|error| unreadable(&error))?;
    match found.iter().try_for_each(|certificate| RootCertStore::empty().add(certificate.clone())) {
        _ if found.is_empty() => Err(unreadable(&"it holds none")),
        Err(error) => Err(unreadable(&error)),
        Ok(()) => Ok(found),
    }
}

fn client_certificate(path: &Path) -> Result<(Vec<CertificateDer<'static>>, PrivateKeyDer<'static>), Problem> {
    let unreadable = |error: &dyn std::fmt::Display| {
        Problem::new(format!("no client certificate can be read from {}: {error}", path.display()))
            .help("`-E` wants a PEM file with the certificate, those who signed it, and its private key.")
    };
    let text = fs::read(path).map_err(|error| unreadable(&error))?;
    let chain: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(&text).collect();
    let chain = chain.map_err(|error| unreadable(&error))?;
    if chain.is_empty() {
        return Err(unreadable(&"it holds no certificate"));
    }
    Ok((chain, PrivateKeyDer::from_pem_slice(&text).map_err(|error| unreadable(&error))?))
}

fn versions(asked: Option<&str>) -> Result<Vec<&'static SupportedProtocolVersion>, Problem> {
    match asked.map(str::to_ascii_uppercase).as_deref() {
        None | Some("ALL") => Ok(vec![&version::TLS13, &version::TLS12]),
        Some("TLS1.3" | "TLSV1.3") => Ok(vec![&version::TLS13]),
        Some("TLS1.2" | "TLSV1.2") => Ok(vec![&version::TLS12]),
        Some(other) => Err(Problem::new(format!("`{other}` is not spoken here"))
            .help("`-f` takes ALL, TLS1.2 or TLS1.3; what is older is broken (RFC 8996).")),
    }
}

fn suites(names: &str) -> Result<Vec<SupportedCipherSuite>, Problem> {
    names
        .split([':', ','])
        .map(|name| {
            let known =
                SUITES.iter().find(|(openssl, iana)| [openssl, iana].iter().any(|it| it.eq_ignore_ascii_case(name)));
            let suite = known.and_then(|(_, iana)| {
                let is_it = |suite: &&SupportedCipherSuite| format!("{:?}", suite.suite()) == *iana;
                ring::ALL_CIPHER_SUITES.iter().find(is_it).copied()
            });
            suite.ok_or_else(|| {
                let all: Vec<&str> = SUITES.iter().map(|(openssl, _)| *openssl).collect();
                Problem::new(format!("`{name}` is no cipher suite that is spoken here"))
                    .help(format!("`-Z` takes, with colons between: {}", all.join(", ")))
            })
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_suite_of_the_table_is_there() {
        for (openssl, iana) in SUITES {
            assert_eq!(suites(openssl).unwrap(), suites(iana).unwrap());
        }
        assert!(suites("RC4-MD5").unwrap_err().help.contains("ECDHE-RSA-AES128-GCM-SHA256"));
    }

    #[test]
    fn old_versions_are_refused() {
        assert_eq!(versions(None).unwrap().len(), 2);
        assert_eq!(versions(Some("tls1.2")).unwrap().len(), 1);
        assert!(versions(Some("SSL3")).unwrap_err().help.contains("TLS1.2"));
    }
}
