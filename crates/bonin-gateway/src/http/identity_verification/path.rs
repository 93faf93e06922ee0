//! The id in the path.

use axum::extract::{FromRequestParts, Path};
use axum::http::request::Parts;

use crate::service::{Error, Service};

/// `{identityVerificationId}`, percent-decoded. One that is not UTF-8 is of no verification.
pub(in crate::http) struct Id(pub(super) String);

impl FromRequestParts<Service> for Id {
    type Rejection = Error;

    async fn from_request_parts(parts: &mut Parts, service: &Service) -> Result<Self, Error> {
        Path::from_request_parts(parts, service)
            .await
            .map(|Path(id)| Self(id))
            .map_err(|_| Error::NotFound)
    }
}
