//! The window (표준인증창, 본인확인 V2): the user verifies in KCP's own page.
//!
//! Four steps: [`WindowClient::register`] makes a `reg_cert_key`; the user's browser posts it to the `call_url` that came with it
//! (form fields [`OPEN_KEY_FIELD`] and [`OPEN_SUBMIT_FIELD`]); KCP posts the browser back to `Ret_URL` with a [`ReturnPost`], which anyone can
//! forge; and [`WindowClient::query`] asks KCP itself what happened.

pub mod cipher;
pub mod client;
pub mod credentials;
pub mod message;

pub use cipher::{CipherError, Encrypted};
pub use client::WindowClient;
pub use credentials::{WindowCredentials, WindowCredentialsError};
pub use message::{CertData, Registered, Registration, RegistrationError, ReturnPost};

pub use crate::call::{CallError, ClientConfig, InvalidResponse, Outcome, RES_CD_SUCCESS, Reply};

/// The path of a registration below the base URL.
pub const REGISTER_PATH: &str = "/api/reg/certDataReg.do";

/// The path of a query below the base URL.
pub const QUERY_PATH: &str = "/api/query/getCertData.do";

/// The form field that carries `reg_cert_key` to `call_url`.
pub const OPEN_KEY_FIELD: &str = "reg_cert_key";

/// The form field that tells `call_url` whether the page itself moves (`Y`: for a popup of one's own, an iframe or a redirect) or KCP runs
/// as a popup of its own (`N`).
pub const OPEN_SUBMIT_FIELD: &str = "kcp_page_submit_yn";

/// `res_cd` of a return post where the user cancelled.
pub const RES_CD_CANCELLED: &str = "9999";

/// `res_cd` of a registration where the merchant's settings at KCP are missing: the window's linkage mode, or the result URL's host
/// (KCP's partner admin: 부가서비스 > 휴대폰본인확인 > 인증결과URL설정).
pub const RES_CD_SETTINGS_MISSING: &str = "CS24";
