//! The contract's component schemas, for whoever assembles the OpenAPI document.

use utoipa::openapi::{RefOr, Schema};

use crate::contract::{Schemas, collect_component};
use crate::error::{ApiErrorKind, schema_of};
use crate::{
    ConfirmIdentityVerificationBody, ConfirmIdentityVerificationError,
    ConfirmIdentityVerificationResponse, GetIdentityVerificationError,
    GetIdentityVerificationsBody, GetIdentityVerificationsError, GetIdentityVerificationsResponse,
    IdentityVerification, KcpV2Bypass, LoginViaApiSecretBody, LoginViaApiSecretError,
    LoginViaApiSecretResponse, RefreshTokenBody, RefreshTokenError, RefreshTokenResponse,
    ResendIdentityVerificationError, ResendIdentityVerificationResponse,
    SendIdentityVerificationBody, SendIdentityVerificationError, SendIdentityVerificationResponse,
};

/// Every component schema of the seven endpoints by name, those of Bonin's additions included.
///
/// `utoipa::path` finds the bodies that it names by itself, but not what an
/// [`IntoResponses`](utoipa::IntoResponses) refers to; so put all of these into the document's components.
#[must_use]
pub fn component_schemas() -> Vec<(String, RefOr<Schema>)> {
    let mut schemas = Schemas::new();
    for collect in [
        collect_component::<LoginViaApiSecretBody>,
        collect_component::<LoginViaApiSecretResponse>,
        collect_component::<LoginViaApiSecretError>,
        collect_component::<RefreshTokenBody>,
        collect_component::<RefreshTokenResponse>,
        collect_component::<RefreshTokenError>,
        collect_component::<SendIdentityVerificationBody>,
        collect_component::<SendIdentityVerificationResponse>,
        collect_component::<SendIdentityVerificationError>,
        collect_component::<KcpV2Bypass>,
        collect_component::<ResendIdentityVerificationResponse>,
        collect_component::<ResendIdentityVerificationError>,
        collect_component::<ConfirmIdentityVerificationBody>,
        collect_component::<ConfirmIdentityVerificationResponse>,
        collect_component::<ConfirmIdentityVerificationError>,
        collect_component::<IdentityVerification>,
        collect_component::<GetIdentityVerificationError>,
        collect_component::<GetIdentityVerificationsBody>,
        collect_component::<GetIdentityVerificationsResponse>,
        collect_component::<GetIdentityVerificationsError>,
    ] {
        collect(&mut schemas);
    }
    collect_errors(&mut schemas, ApiErrorKind::ALL);
    schemas
}

/// Adds the schemas of errors, each once.
pub(crate) fn collect_errors(schemas: &mut Schemas, kinds: &[ApiErrorKind]) {
    for kind in kinds {
        if schemas.iter().all(|(known, _)| known != kind.schema_name()) {
            schemas.push((kind.schema_name().to_owned(), schema_of(*kind)));
        }
    }
}
