use std::time::{Duration, Instant};

use base64::{Engine, engine::general_purpose::STANDARD};
use bonin_kcp::hub::{
    CertificateError, CredentialsError, HubCertificate, HubCredentials, SignText,
};
use jiff::{Timestamp, ToSpan};
use proptest::prelude::*;

use crate::openssl::{Merchant, PASSWORD, openssl};

fn parse(certificate: &str, key: &str, password: &str) -> Result<HubCredentials, CredentialsError> {
    HubCredentials::parse("AO7F3", certificate, key, password)
}

fn sign_text() -> SignText {
    SignText::of(&[
        ("phone_no", "01012345678"),
        ("birth_day", "19900101"),
        ("user_name", "홍길동"),
    ])
    .unwrap()
}

#[test]
fn keys_of_every_pbes2_cipher_open_and_their_signatures_verify_with_openssl() {
    let merchant = Merchant::shared();
    for arguments in [
        &["-v2", "aes-256-cbc"][..],
        &["-v2", "aes-128-cbc", "-v2prf", "hmacWithSHA512"],
        &["-v2", "des-ede3-cbc"],
        // The default of OpenSSL 1.0, which old KCP key files may have.
        &["-v2", "des-ede3-cbc", "-v2prf", "hmacWithSHA1"],
        &["-v2", "aes-256-cbc", "-iter", "100000"],
        &["-scrypt"],
    ] {
        let key = merchant.encrypted_key_pem(arguments);
        let credentials = parse(&merchant.certificate_pem(), &key, PASSWORD)
            .unwrap_or_else(|error| panic!("{arguments:?}: {error:?}"));
        let signature = credentials.sign(&sign_text()).unwrap();
        assert!(
            merchant.accepts("01012345678^19900101^홍길동", &signature),
            "{arguments:?}"
        );
        assert!(
            !merchant.accepts("01012345678^19900101^홍길순", &signature),
            "{arguments:?}"
        );
    }
}

#[test]
fn a_signature_that_openssl_made_verifies_and_a_tampered_one_does_not() {
    let merchant = Merchant::generate();
    std::fs::write(
        merchant.dir.path().join("text"),
        "01012345678^19900101^홍길동",
    )
    .unwrap();
    openssl(
        merchant.dir.path(),
        &[
            "dgst",
            "-sha256",
            "-sign",
            "key.pem",
            "-out",
            "signature",
            "text",
        ],
    );
    let base64 = openssl(merchant.dir.path(), &["base64", "-A", "-in", "signature"]);
    let signature = String::from_utf8(base64).unwrap();

    let certificate = HubCertificate::parse(&merchant.certificate_pem()).unwrap();
    assert!(certificate.verifies(&sign_text(), &signature));
    let other = SignText::of(&[
        ("phone_no", "01012345679"),
        ("birth_day", "19900101"),
        ("user_name", "홍길동"),
    ]);
    assert!(!certificate.verifies(&other.unwrap(), &signature));
    for broken in ["", "AAAA", "not base64", &signature[4..]] {
        assert!(!certificate.verifies(&sign_text(), broken));
    }
    let foreign = HubCertificate::parse(&Merchant::shared().certificate_pem()).unwrap();
    assert!(!foreign.verifies(&sign_text(), &signature));
}

#[test]
fn the_certificate_tells_its_end_and_reads_back_from_its_one_line_form() {
    let credentials = Merchant::shared().credentials();
    let five_years = Timestamp::now() + (24 * 1825).hours();
    let distance = credentials
        .certificate_not_after()
        .duration_since(five_years)
        .abs();
    assert!(distance.as_secs() < 3600, "{distance:?}");

    let line = credentials.certificate().to_one_line();
    assert!(line.starts_with("-----BEGIN CERTIFICATE-----MII"));
    assert!(!line.contains('\n'));
    assert_eq!(
        &HubCertificate::parse(&line).unwrap(),
        credentials.certificate()
    );
    assert_eq!(line, Merchant::shared().certificate_pem().replace('\n', ""));
}

#[test]
fn each_thing_that_can_be_wrong_has_an_error_of_its_own() {
    let merchant = Merchant::shared();
    let certificate = merchant.certificate_pem();
    let key = merchant.encrypted_key_pem(&["-v2", "aes-256-cbc"]);
    let other = Merchant::generate();
    let cut = &certificate.replace("MII", "AII");

    for (certificate, key, password, error) in [
        (
            certificate.as_str(),
            key.as_str(),
            "wrong",
            CredentialsError::WrongPassword,
        ),
        (&certificate, &key, "", CredentialsError::WrongPassword),
        (
            &other.certificate_pem(),
            &key,
            PASSWORD,
            CredentialsError::KeyMismatch,
        ),
        ("", &key, PASSWORD, CertificateError::NotPem.into()),
        ("쓰레기", &key, PASSWORD, CertificateError::NotPem.into()),
        (cut, &key, PASSWORD, CertificateError::NotX509.into()),
        (&key, &key, PASSWORD, CertificateError::NotPem.into()),
        (&certificate, "", PASSWORD, CredentialsError::KeyNotPem),
        (
            &certificate,
            "쓰레기",
            PASSWORD,
            CredentialsError::KeyNotPem,
        ),
        (
            &certificate,
            &certificate,
            PASSWORD,
            CredentialsError::KeyNotPem,
        ),
        (
            &certificate,
            &merchant.read("key.pem"),
            PASSWORD,
            CredentialsError::KeyNotEncrypted,
        ),
        (
            &certificate,
            &key.replace("MII", "AII"),
            PASSWORD,
            CredentialsError::KeyNotPem,
        ),
        (
            &certificate,
            &merchant.encrypted_key_pem(&["-v1", "PBE-SHA1-3DES"]),
            PASSWORD,
            CredentialsError::UnsupportedEncryption,
        ),
    ] {
        assert_eq!(parse(certificate, key, password).unwrap_err(), error);
    }
    for site_cd in ["", "AO 7F3", "AO7F3\n", "A".repeat(21).as_str(), "본인"] {
        let refusal = HubCredentials::parse(site_cd, &certificate, &key, PASSWORD);
        assert_eq!(refusal.unwrap_err(), CredentialsError::SiteCd);
    }
}

#[test]
fn a_certificate_or_key_that_is_not_rsa_is_refused() {
    let dir = tempfile::TempDir::new().unwrap();
    openssl(
        dir.path(),
        &[
            "ecparam",
            "-name",
            "prime256v1",
            "-genkey",
            "-noout",
            "-out",
            "key.pem",
        ],
    );
    openssl(
        dir.path(),
        &[
            "req",
            "-new",
            "-x509",
            "-key",
            "key.pem",
            "-out",
            "cert.pem",
            "-subj",
            "/CN=AO7F3",
        ],
    );
    let elliptic = Merchant { dir };
    let rsa = Merchant::shared();
    assert_eq!(
        parse(
            &elliptic.certificate_pem(),
            &rsa.encrypted_key_pem(&[]),
            PASSWORD
        )
        .unwrap_err(),
        CertificateError::NotRsa.into()
    );
    assert_eq!(
        parse(
            &rsa.certificate_pem(),
            &elliptic.encrypted_key_pem(&[]),
            PASSWORD
        )
        .unwrap_err(),
        CredentialsError::UnsupportedKey
    );
}

#[test]
fn a_key_file_cannot_make_us_work_without_bound() {
    let merchant = Merchant::shared();
    // 2 000 001 rounds are honest in form and above the limit: refused before any work.
    let key = merchant.encrypted_key_pem(&["-v2", "aes-256-cbc", "-iter", "2000001"]);
    let started = Instant::now();
    assert_eq!(
        parse(&merchant.certificate_pem(), &key, PASSWORD).unwrap_err(),
        CredentialsError::TooMuchWork
    );
    assert!(started.elapsed() < Duration::from_millis(500));

    let key = merchant.encrypted_key_pem(&[
        "-scrypt",
        "-scrypt_N",
        "16384",
        "-scrypt_r",
        "8",
        "-scrypt_p",
        "32",
    ]);
    assert_eq!(
        parse(&merchant.certificate_pem(), &key, PASSWORD).unwrap_err(),
        CredentialsError::TooMuchWork
    );
}

/// Found by fuzzing: a cost of 0 made the library panic.
#[test]
fn a_key_whose_scrypt_cost_is_no_cost_is_refused() {
    let merchant = Merchant::shared();
    let scrypt = [
        "-scrypt",
        "-scrypt_N",
        "64",
        "-scrypt_r",
        "8",
        "-scrypt_p",
        "1",
    ];
    let key = merchant.encrypted_key_pem(&scrypt);
    let body: String = key.lines().filter(|line| !line.starts_with('-')).collect();
    let der = STANDARD.decode(body).unwrap();
    // N, r and p, one after the other.
    let cost = [2, 1, 64, 2, 1, 8, 2, 1, 1];
    let at = der.windows(cost.len()).position(|part| part == cost);
    let at = at.unwrap() + 2;
    for (wrong, expected) in [
        (0, CredentialsError::UnsupportedEncryption),
        (1, CredentialsError::UnsupportedEncryption),
        (65, CredentialsError::UnsupportedEncryption),
        (32, CredentialsError::WrongPassword),
    ] {
        let mut der = der.clone();
        der[at] = wrong;
        let body = STANDARD.encode(der);
        let key = format!(
            "-----BEGIN ENCRYPTED PRIVATE KEY-----\n{body}\n-----END ENCRYPTED PRIVATE KEY-----\n"
        );
        let refused = parse(&merchant.certificate_pem(), &key, PASSWORD).unwrap_err();
        assert_eq!(refused, expected, "{wrong}");
    }
}

#[test]
fn credentials_print_no_key() {
    let printed = format!("{:?}", Merchant::shared().credentials());
    assert!(
        printed.starts_with("HubCredentials { site_cd: \"AO7F3\", certificate_not_after:"),
        "{printed}"
    );
    assert!(!printed.contains("MII"));
}

proptest! {
    #[test]
    fn a_broken_certificate_is_read_or_refused_but_never_more(position in 0_usize..1000, byte in any::<u8>(), cut in any::<bool>()) {
        // `byte` lands somewhere in the base64, so that length fields, tags and keys break in every way.
        let mut pem = Merchant::shared().certificate_pem().into_bytes();
        let position = 28 + position % (pem.len() - 54);
        pem[position] = byte;
        if cut {
            pem.drain(position..position + 4.min(pem.len() - position - 26));
        }
        if let Ok(certificate) = HubCertificate::parse(&String::from_utf8_lossy(&pem)) {
            prop_assert!(!certificate.verifies(&sign_text(), "AAAA"));
            prop_assert_eq!(HubCertificate::parse(&certificate.to_one_line()).unwrap(), certificate);
        }
    }

    #[test]
    fn any_text_is_refused_as_a_key(text in ".{0,200}") {
        let pem = format!("-----BEGIN ENCRYPTED PRIVATE KEY-----{text}-----END ENCRYPTED PRIVATE KEY-----");
        let certificate = Merchant::shared().certificate_pem();
        prop_assert!(parse(&certificate, &pem, PASSWORD).is_err());
        prop_assert!(parse(&certificate, &text, PASSWORD).is_err());
    }
}
