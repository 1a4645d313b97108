//! The size of the key in a server's certificate, which ab prints.

use rustls::pki_types::CertificateDer;
use webpki::EndEntityCert;

const SEQUENCE: u8 = 0x30;
const INTEGER: u8 = 0x02;
const BIT_STRING: u8 = 0x03;
/// How a point of a curve begins where it is not compressed (SEC 1, section 2.3.3).
const POINT: u8 = 0x04;

/// Bits of the public key, of RSA and of elliptic curves over prime fields; `None` of others.
pub fn key_bits(certificate: &CertificateDer) -> Option<u32> {
    let certificate = EndEntityCert::try_from(certificate).ok()?;
    bits(certificate.subject_public_key_info().as_ref())
}

/// Of a `SubjectPublicKeyInfo`: the algorithm, then the key in a bit string (RFC 5280, section 4.1).
fn bits(info: &[u8]) -> Option<u32> {
    let (fields, _) = value(SEQUENCE, info)?;
    let (_algorithm, rest) = value(SEQUENCE, fields)?;
    let (key, _) = value(BIT_STRING, rest)?;
    match key.split_first()?.1 {
        [POINT, point @ ..] => Some(match point.len() as u32 / 2 * 8 {
            528 => 521,
            bits => bits,
        }),
        rsa => {
            let (numbers, _) = value(SEQUENCE, rsa)?;
            let (modulus, _) = value(INTEGER, numbers)?;
            let first = modulus.iter().position(|&byte| byte != 0)?;
            Some((modulus.len() - first) as u32 * 8 - modulus[first].leading_zeros())
        }
    }
}

/// The content of a DER value with this tag at the front of `bytes`, and what follows it (X.690, section 8.1).
fn value(tag: u8, bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    let (&found, rest) = bytes.split_first()?;
    let (&short, rest) = rest.split_first()?;
    if found != tag {
        return None;
    }
    let (length, rest) = match short {
        0..=0x7f => (usize::from(short), rest),
        0x81..=0x84 => {
            let (length, rest) = rest.split_at_checked(usize::from(short - 0x80))?;
            (length.iter().fold(0, |sum, &byte| sum << 8 | usize::from(byte)), rest)
        }
        _ => return None,
    };
    rest.split_at_checked(length)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn der(tag: u8, content: &[u8]) -> Vec<u8> {
        let length = content.len() as u32;
        let mut bytes = vec![tag];
        match length {
            0..0x80 => bytes.push(length as u8),
            _ => {
                bytes.push(0x84);
                bytes.extend(length.to_be_bytes());
            }
        }
        bytes.extend(content);
        bytes
    }

    fn info(key: &[u8]) -> Vec<u8> {
        let key = [&[0], key].concat();
        der(SEQUENCE, &[der(SEQUENCE, &[]), der(BIT_STRING, &key)].concat())
    }

    #[test]
    fn rsa_has_the_bits_of_its_modulus() {
        let modulus = [&[0, 0x80][..], &[7; 255]].concat();
        let key = der(SEQUENCE, &[der(INTEGER, &modulus), der(INTEGER, &[1, 0, 1])].concat());
        assert_eq!(bits(&info(&key)), Some(2048));
    }

    #[test]
    fn a_curve_has_the_bits_of_its_field() {
        for (bytes, expected) in [(64, 256), (96, 384), (132, 521)] {
            assert_eq!(bits(&info(&[&[POINT][..], &vec![1; bytes]].concat())), Some(expected));
        }
        assert_eq!(bits(&info(&[0; 32])), None);
    }

    proptest! {
        #[test]
        fn no_bytes_panic(bytes in prop::collection::vec(any::<u8>(), 0..64)) {
            bits(&bytes);
            bits(&info(&bytes));
        }
    }
}
