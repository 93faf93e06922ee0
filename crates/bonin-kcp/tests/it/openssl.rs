//! Keys and certificates as a merchant has them, made by the `openssl` program.

use std::path::Path;
use std::process::Command;
use std::sync::OnceLock;

use tempfile::TempDir;

pub const PASSWORD: &str = "changeit-비밀번호";

/// Runs `openssl` in `dir` and returns its standard output.
pub fn openssl(dir: &Path, arguments: &[&str]) -> Vec<u8> {
    let output = Command::new("openssl")
        .current_dir(dir)
        .args(arguments)
        .output()
        .expect("openssl is installed");
    assert!(
        output.status.success(),
        "openssl {arguments:?}: {}",
        String::from_utf8_lossy(&output.stderr)
    );
    output.stdout
}

/// A key, its certificate, and the directory that `openssl` finds them in.
pub struct Merchant {
    pub dir: TempDir,
}

impl Merchant {
    pub fn generate() -> Self {
        let dir = TempDir::new().unwrap();
        openssl(dir.path(), &["genrsa", "-out", "key.pem", "2048"]);
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
                "-days",
                "1825",
                "-subj",
                "/CN=AO7F3",
            ],
        );
        Self { dir }
    }

    /// One merchant for all tests that need only any.
    pub fn shared() -> &'static Self {
        static SHARED: OnceLock<Merchant> = OnceLock::new();
        SHARED.get_or_init(Self::generate)
    }

    pub fn read(&self, file: &str) -> String {
        std::fs::read_to_string(self.dir.path().join(file)).unwrap()
    }

    pub fn certificate_pem(&self) -> String {
        self.read("cert.pem")
    }

    /// The key as encrypted PKCS#8 PEM, with more arguments for `openssl pkcs8`.
    pub fn encrypted_key_pem(&self, arguments: &[&str]) -> String {
        let password = format!("pass:{PASSWORD}");
        let mut all = vec!["pkcs8", "-topk8", "-in", "key.pem", "-passout", &password];
        all.extend(arguments);
        String::from_utf8(openssl(self.dir.path(), &all)).unwrap()
    }

    pub fn credentials(&self) -> bonin_kcp::hub::HubCredentials {
        bonin_kcp::hub::HubCredentials::parse(
            "AO7F3",
            &self.certificate_pem(),
            &self.encrypted_key_pem(&["-v2", "aes-256-cbc"]),
            PASSWORD,
        )
        .unwrap()
    }

    /// Whether `openssl` accepts a base64 signature over `text` with this merchant's certificate.
    pub fn accepts(&self, text: &str, signature: &str) -> bool {
        let scratch = TempDir::new().unwrap();
        let at = |name: &str| scratch.path().join(name).to_str().unwrap().to_owned();
        let public = String::from_utf8(openssl(
            self.dir.path(),
            &["x509", "-in", "cert.pem", "-pubkey", "-noout"],
        ));
        std::fs::write(at("public.pem"), public.unwrap()).unwrap();
        std::fs::write(at("text"), text).unwrap();
        std::fs::write(at("signature.b64"), signature).unwrap();
        openssl(
            scratch.path(),
            &[
                "base64",
                "-d",
                "-A",
                "-in",
                "signature.b64",
                "-out",
                "signature",
            ],
        );
        Command::new("openssl")
            .current_dir(scratch.path())
            .args([
                "dgst",
                "-sha256",
                "-verify",
                "public.pem",
                "-signature",
                "signature",
                "text",
            ])
            .output()
            .unwrap()
            .status
            .success()
    }
}
