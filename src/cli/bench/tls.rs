//! How a TLS server is believed, and what is offered to it.

use std::fs;
use std::path::Path;
use std::sync::Arc;

use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{CryptoProvider, WebPkiSupportedAlgorithms, ring, verify_tls12_signature, verify_tls13_signature};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName, UnixTime};
use rustls::{
    ClientConfig, DigitallySignedStruct, Error, RootCertStore, SignatureScheme, SupportedCipherSuite,
    SupportedProtocolVersion, version,
};

use super::args::TlsArgs;
use crate::model::problem::Problem;

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

/// The configuration of all connections of a run; `alpn` is what is offered.
pub fn config(args: &TlsArgs, alpn: &[u8]) -> Result<Arc<ClientConfig>, Problem> {
    let mut provider = ring::default_provider();
    if let Some(names) = &args.ciphers {
        provider.cipher_suites = suites(names)?;
    }
    let provider = Arc::new(provider);
    let builder = ClientConfig::builder_with_provider(provider.clone())
        .with_protocol_versions(&versions(args.protocol.as_deref())?)
        .map_err(|error| Problem::new(format!("no TLS can be spoken with these suites and versions: {error}")))?;
    let verified = if args.insecure {
        builder.dangerous().with_custom_certificate_verifier(Arc::new(Anyone::new(&provider)))
    } else {
        builder.with_root_certificates(roots(args.cacert.as_deref())?)
    };
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

/// The name that a certificate must have.
pub fn server_name(host: &str) -> Result<ServerName<'static>, Problem> {
    ServerName::try_from(host.to_owned())
        .map_err(|_| Problem::new(format!("`{host}` is no name that a certificate can have")))
}

fn roots(cacert: Option<&Path>) -> Result<RootCertStore, Problem> {
    let mut roots = RootCertStore::empty();
    match cacert {
        Some(path) => {
            let unreadable = |error: &dyn std::fmt::Display| {
                Problem::new(format!("no certificates can be read from {}: {error}", path.display()))
                    .help("`--cacert` wants a PEM file with the certificates of those who sign.")
            };
            let certificates = CertificateDer::pem_file_iter(path).map_err(|error| unreadable(&error))?;
            for certificate in certificates {
                roots.add(certificate.map_err(|error| unreadable(&error))?).map_err(|error| unreadable(&error))?;
            }
            if roots.is_empty() {
                return Err(unreadable(&"it holds none"));
            }
        }
        None => {
            roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
        }
    }
    Ok(roots)
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

/// Believes everybody; the handshake's signatures are still checked.
#[derive(Debug)]
struct Anyone(WebPkiSupportedAlgorithms);

impl Anyone {
    fn new(provider: &CryptoProvider) -> Self {
        Anyone(provider.signature_verification_algorithms)
    }
}

impl ServerCertVerifier for Anyone {
    fn verify_server_cert(
        &self,
        _: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: &ServerName<'_>,
        _: &[u8],
        _: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls12_signature(message, certificate, signature, &self.0)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls13_signature(message, certificate, signature, &self.0)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.0.supported_schemes()
    }
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
