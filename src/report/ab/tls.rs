//! A TLS session in the words of OpenSSL, which `ab` uses.

use crate::model::bench::TlsSession;

/// Groups as OpenSSL shows the server's temporary key.
const GROUPS: &[(&str, &str)] = &[
    ("X25519", "X25519 253 bits"),
    ("secp256r1", "ECDH prime256v1 256 bits"),
    ("secp384r1", "ECDH secp384r1 384 bits"),
    ("secp521r1", "ECDH secp521r1 521 bits"),
];

/// `TLSv1.3,TLS_AES_256_GCM_SHA384,2048,256`: protocol, cipher, bits of the server's key, bits of the cipher.
pub(super) fn protocol(session: &TlsSession) -> String {
    let TlsSession { protocol, cipher, bits, .. } = session;
    let secret = if cipher.contains("AES_128") { 128 } else { 256 };
    format!("{protocol},{},{},{secret}", openssl(cipher), bits.unwrap_or_default())
}

pub(super) fn temporary_key(session: &TlsSession) -> String {
    let known = GROUPS.iter().find(|(group, _)| group.eq_ignore_ascii_case(&session.key_exchange));
    known.map_or_else(|| session.key_exchange.clone(), |(_, shown)| (*shown).to_owned())
}

/// `TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384` is `ECDHE-RSA-AES256-GCM-SHA384` there.
fn openssl(cipher: &str) -> String {
    if let Some(rest) = cipher.strip_prefix("TLS13_") {
        return format!("TLS_{rest}");
    }
    match cipher.split_once("_WITH_") {
        Some((key, secret)) => {
            let secret = secret.replace("AES_", "AES").replace("POLY1305_SHA256", "POLY1305");
            format!("{key}_{secret}").trim_start_matches("TLS_").replace('_', "-")
        }
        None => cipher.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ciphers_have_the_names_of_openssl() {
        assert_eq!(openssl("TLS13_AES_128_GCM_SHA256"), "TLS_AES_128_GCM_SHA256");
        assert_eq!(openssl("TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384"), "ECDHE-RSA-AES256-GCM-SHA384");
        assert_eq!(openssl("TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256"), "ECDHE-ECDSA-CHACHA20-POLY1305");
    }
}
