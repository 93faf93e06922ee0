#![doc = include_str!("../README.md")]

mod contract;
mod error;
pub mod openapi;
mod personal;
mod pg;
mod request;
mod token;
mod union;
mod values;
mod verification;

pub use error::{ApiErrorKind, ErrorBody};
pub use personal::{Personal, Secret};
pub use pg::{PgCompany, PgProvider};
pub use request::InvalidRequest;
pub use request::checkout::{CheckoutBody, CheckoutCustomer, WindowType};
pub use request::confirm::ConfirmIdentityVerificationBody;
pub use request::kcp::{Bypass, KcpV2Bypass, MediaType};
pub use request::list::{
    GetIdentityVerificationsBody, IdentityVerificationFilterCustomerInput,
    IdentityVerificationFilterInput, IdentityVerificationSortInput, PageInput, TimeRange,
};
pub use request::query::{StoreIdQuery, check_identity_verification_id};
pub use request::send::{SendIdentityVerificationBody, SendIdentityVerificationBodyCustomer};
pub use token::{
    LoginViaApiSecretBody, LoginViaApiSecretResponse, RefreshTokenBody, RefreshTokenResponse,
};
pub use union::{
    ConfirmIdentityVerificationError, GetIdentityVerificationError, GetIdentityVerificationsError,
    LoginViaApiSecretError, RefreshTokenError, ResendIdentityVerificationError,
    SendIdentityVerificationError,
};
pub use values::{
    Carrier, Gender, IdentityVerificationMethod, IdentityVerificationOperator,
    IdentityVerificationSortBy, IdentityVerificationStatus, IdentityVerificationTimeRangeField,
    PortOneVersion, SelectedChannelType, SortOrder,
};
pub use verification::{
    ConfirmIdentityVerificationResponse, FailedIdentityVerification, FailedStatus,
    GetIdentityVerificationsResponse, IdentityVerification, IdentityVerificationFailure,
    IdentityVerificationRequestedCustomer, IdentityVerificationVerifiedCustomer, PageInfo,
    ReadyIdentityVerification, ReadyStatus, ResendIdentityVerificationResponse, SelectedChannel,
    SendIdentityVerificationResponse, VerifiedIdentityVerification, VerifiedStatus,
};
