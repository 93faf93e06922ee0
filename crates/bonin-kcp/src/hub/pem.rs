//! Just enough PEM for KCP: a body may come on one line, as `kcp_cert_info` does, which strict PEM readers refuse.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use zeroize::Zeroizing;

/// A certificate or an encrypted RSA key is a few KiB; anything far above is not one.
const MAX_PEM_LEN: usize = 64 * 1024;

pub(super) fn contains(text: &str, label: &str) -> bool {
    text.contains(&format!("-----BEGIN {label}-----"))
}

/// The DER bytes of the first PEM block with this label; `None` if there is none or its body is not base64.
pub(super) fn decode(text: &str, label: &str) -> Option<Zeroizing<Vec<u8>>> {
    if text.len() > MAX_PEM_LEN {
        return None;
    }
    let (_, rest) = text.split_once(&format!("-----BEGIN {label}-----"))?;
    let (body, _) = rest.split_once(&format!("-----END {label}-----"))?;
    let body: Zeroizing<String> =
        Zeroizing::new(body.chars().filter(|c| !c.is_ascii_whitespace()).collect());
    STANDARD.decode(body.as_bytes()).ok().map(Zeroizing::new)
}

/// The PEM on one line, line breaks removed, as `kcp_cert_info` wants it.
pub(super) fn encode_on_one_line(der: &[u8], label: &str) -> String {
    format!(
        "-----BEGIN {label}-----{}-----END {label}-----",
        STANDARD.encode(der)
    )
}
