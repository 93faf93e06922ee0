//! What an OpenAPI document of the contract needs beside its operations.

use serde_json::{Value, json};
use utoipa::openapi::{OpenApi, RefOr, Required, Schema};

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

/// Completes a document that `utoipa` collected from a server's operations, and gives it as JSON: all component
/// schemas, the two ways to authorize (`bearerJwt` and `portOne`, the names that operations use in `security`), and
/// what `utoipa`'s macros cannot say, that the body of the list is optional.
///
/// # Errors
///
/// The document does not serialize, which only a number that is not finite in an example could cause.
pub fn complete(mut document: OpenApi) -> Result<Value, serde_json::Error> {
    let components = document.components.get_or_insert_default();
    components.schemas.extend(component_schemas());

    if let Some(list) = document.paths.paths.get_mut("/identity-verifications")
        && let Some(operation) = &mut list.get
        && let Some(RefOr::T(body)) = &mut operation.request_body
    {
        body.required = Some(Required::False);
    }

    let mut document = serde_json::to_value(document)?;
    // `utoipa` knows only the registered HTTP schemes, and `PortOne` is none of them.
    document["components"]["securitySchemes"] = json!({
        "bearerJwt": {
            "type": "http",
            "scheme": "bearer",
            "description": "`Authorization: Bearer <액세스 토큰>`. 토큰은 `POST /login/api-secret`으로 발급받습니다.",
        },
        "portOne": {
            "type": "http",
            "scheme": "portone",
            "description": "`Authorization: PortOne <API 시크릿>`. 발급받은 API 시크릿을 그대로 보냅니다.",
        },
    });
    Ok(document)
}

/// Every component schema of the seven endpoints by name, those of Bonin's additions included.
///
/// `utoipa::path` finds the bodies that it names by itself, but not what an
/// [`IntoResponses`](utoipa::IntoResponses) refers to.
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
