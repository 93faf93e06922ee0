//! What the API answers about a verification.

use jiff::Timestamp;
use jiff::civil::Date;
use serde::{Deserialize, Serialize};
use utoipa::openapi::schema::{Discriminator, OneOfBuilder};
use utoipa::openapi::{RefOr, Schema};
use utoipa::{PartialSchema, ToSchema};

use crate::contract::{Field, Schemas, collect_component, reference, wire_constant, wire_struct};
use crate::personal::Personal;
use crate::pg::PgProvider;
use crate::values::{
    Gender, IdentityVerificationOperator, IdentityVerificationStatus, PortOneVersion,
    SelectedChannelType,
};

wire_constant! {
    /// The `status` of a verification that failed.
    pub struct FailedStatus = "FAILED";
}

wire_constant! {
    /// The `status` of a verification that was requested.
    pub struct ReadyStatus = "READY";
}

wire_constant! {
    /// The `status` of a verification that succeeded.
    pub struct VerifiedStatus = "VERIFIED";
}

wire_struct! {
    /// 본인인증에 쓰인 채널 정보.
    #[derive(Deserialize)]
    pub struct SelectedChannel {
        required {
            /// 채널 타입.
            channel_type as "type": SelectedChannelType,
            /// PG사 결제 모듈. KCP 채널은 항상 `KCP_V2`입니다.
            pg_provider as "pgProvider": PgProvider,
            /// PG사가 고객사에 발급한 아이디. KCP 채널은 `site_cd`입니다.
            pg_merchant_id as "pgMerchantId": String,
        }
        optional {
            /// 채널 아이디.
            id as "id": String,
            /// 채널 키.
            key as "key": String,
            /// 채널 이름.
            name as "name": String,
        }
    }
}

wire_struct! {
    /// 본인인증을 요청할 때 받은 고객 정보.
    #[derive(Default, Deserialize)]
    pub struct IdentityVerificationRequestedCustomer {
        optional {
            /// 고객사가 정한 고객 아이디.
            id as "id": Personal<String>,
            /// 이름.
            name as "name": Personal<String>,
            /// 전화번호. 하이픈 없이 숫자만 있습니다.
            phone_number as "phoneNumber": Personal<String>,
            /// 출생 연도, 4자리.
            birth_year as "birthYear": Personal<String>,
            /// 출생 월, 2자리.
            birth_month as "birthMonth": Personal<String>,
            /// 출생 일, 2자리.
            birth_day as "birthDay": Personal<String>,
        }
    }
}

wire_struct! {
    /// 인증된 고객 정보. 보관 기간이 지나 개인정보가 지워진 건은 `name`만 빈 문자열로 남습니다.
    #[derive(Default, Deserialize)]
    pub struct IdentityVerificationVerifiedCustomer {
        required {
            /// 이름.
            name as "name": Personal<String>,
        }
        optional {
            /// 고객사가 정한 고객 아이디.
            id as "id": Personal<String>,
            /// 통신사. KCP는 항상 제공합니다.
            operator as "operator": Personal<IdentityVerificationOperator>,
            /// 전화번호. 하이픈 없이 숫자만 있습니다. KCP는 항상 제공합니다.
            phone_number as "phoneNumber": Personal<String>,
            /// 생년월일(`yyyy-MM-dd`). KCP는 항상 제공합니다.
            birth_date as "birthDate": Personal<Date>,
            /// 성별. KCP는 항상 제공합니다.
            gender as "gender": Personal<Gender>,
            /// 외국인 여부. KCP는 항상 제공합니다.
            is_foreigner as "isForeigner": Personal<bool>,
            /// 연계정보(CI), 88자. 어느 서비스에서나 같은 사람이면 같은 값입니다. KCP와 CI 제공 계약을 맺은 경우에만 있습니다.
            ci as "ci": Personal<String>,
            /// 중복가입확인정보(DI), 64자. 사이트마다 다른 값입니다. KCP는 항상 제공합니다.
            di as "di": Personal<String>,
        }
    }
}

wire_struct! {
    /// 본인인증 실패 정보.
    #[derive(Default, Deserialize)]
    pub struct IdentityVerificationFailure {
        optional {
            /// 실패 사유.
            reason as "reason": String,
            /// PG사가 준 실패 코드(KCP의 `res_cd`). KCP가 제대로 답하지 않은 경우에는 `TIMEOUT`, `UNREACHABLE`, `INVALID_RESPONSE` 중 하나입니다.
            pg_code as "pgCode": String,
            /// PG사가 준 실패 메시지.
            pg_message as "pgMessage": Personal<String>,
        }
    }
}

wire_struct! {
    /// 실패한 본인인증 내역.
    #[derive(Deserialize)]
    pub struct FailedIdentityVerification {
        required {
            /// 본인인증 상태.
            status as "status": FailedStatus,
            /// 고객사가 정한 본인인증 아이디.
            id as "id": String,
            /// 요청할 때 받은 고객 정보.
            requested_customer as "requestedCustomer": IdentityVerificationRequestedCustomer,
            /// 요청 시각.
            requested_at as "requestedAt": Timestamp,
            /// 마지막으로 바뀐 시각.
            updated_at as "updatedAt": Timestamp,
            /// 상태가 바뀐 시각.
            status_changed_at as "statusChangedAt": Timestamp,
            /// 실패 정보.
            failure as "failure": IdentityVerificationFailure,
            /// API 버전.
            version as "version": PortOneVersion,
        }
        optional {
            /// 쓰인 채널.
            channel as "channel": SelectedChannel,
            /// 요청할 때 받은 사용자 지정 데이터.
            custom_data as "customData": Personal<String>,
            /// PG사의 거래 아이디. KCP 채널은 `per_cert_no`입니다.
            pg_tx_id as "pgTxId": String,
        }
    }
}

wire_struct! {
    /// 요청된 본인인증 내역.
    #[derive(Deserialize)]
    pub struct ReadyIdentityVerification {
        required {
            /// 본인인증 상태.
            status as "status": ReadyStatus,
            /// 고객사가 정한 본인인증 아이디.
            id as "id": String,
            /// 요청할 때 받은 고객 정보.
            requested_customer as "requestedCustomer": IdentityVerificationRequestedCustomer,
            /// 요청 시각.
            requested_at as "requestedAt": Timestamp,
            /// 마지막으로 바뀐 시각.
            updated_at as "updatedAt": Timestamp,
            /// 상태가 바뀐 시각.
            status_changed_at as "statusChangedAt": Timestamp,
            /// API 버전.
            version as "version": PortOneVersion,
        }
        optional {
            /// 쓰인 채널.
            channel as "channel": SelectedChannel,
            /// 요청할 때 받은 사용자 지정 데이터.
            custom_data as "customData": Personal<String>,
            /// PG사의 거래 아이디. KCP 채널은 `per_cert_no`입니다.
            pg_tx_id as "pgTxId": String,
        }
    }
}

wire_struct! {
    /// 완료된 본인인증 내역.
    #[derive(Deserialize)]
    pub struct VerifiedIdentityVerification {
        required {
            /// 본인인증 상태.
            status as "status": VerifiedStatus,
            /// 고객사가 정한 본인인증 아이디.
            id as "id": String,
            /// 인증된 고객 정보.
            verified_customer as "verifiedCustomer": IdentityVerificationVerifiedCustomer,
            /// 요청 시각.
            requested_at as "requestedAt": Timestamp,
            /// 마지막으로 바뀐 시각.
            updated_at as "updatedAt": Timestamp,
            /// 상태가 바뀐 시각.
            status_changed_at as "statusChangedAt": Timestamp,
            /// 인증이 완료된 시각.
            verified_at as "verifiedAt": Timestamp,
            /// PG사의 거래 아이디. KCP 채널은 `per_cert_no`입니다.
            pg_tx_id as "pgTxId": String,
            /// 인증을 확인해 준 PG사의 응답(JSON 텍스트). 개인정보가 지워진 건은 빈 문자열입니다.
            pg_raw_response as "pgRawResponse": Personal<String>,
            /// API 버전.
            version as "version": PortOneVersion,
        }
        optional {
            /// 쓰인 채널.
            channel as "channel": SelectedChannel,
            /// 요청할 때 받은 사용자 지정 데이터.
            custom_data as "customData": Personal<String>,
        }
    }
}

/// A verification, in the shape that its `status` names.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
// Untagged, because each shape writes its own `status`, alone (`confirm`) as well as here; a foreign `status`
// is refused by the shape's constant.
#[serde(untagged)]
pub enum IdentityVerification {
    /// `status` is `FAILED`.
    Failed(Box<FailedIdentityVerification>),
    /// `status` is `READY`.
    Ready(Box<ReadyIdentityVerification>),
    /// `status` is `VERIFIED`.
    Verified(Box<VerifiedIdentityVerification>),
}

impl IdentityVerification {
    /// The status that the shape stands for.
    #[must_use]
    pub const fn status(&self) -> IdentityVerificationStatus {
        match self {
            Self::Failed(_) => IdentityVerificationStatus::Failed,
            Self::Ready(_) => IdentityVerificationStatus::Ready,
            Self::Verified(_) => IdentityVerificationStatus::Verified,
        }
    }

    /// The merchant's id of the verification.
    #[must_use]
    pub fn id(&self) -> &str {
        match self {
            Self::Failed(failed) => &failed.id,
            Self::Ready(ready) => &ready.id,
            Self::Verified(verified) => &verified.id,
        }
    }
}

impl PartialSchema for IdentityVerification {
    fn schema() -> RefOr<Schema> {
        let shapes = [
            ("FAILED", FailedIdentityVerification::name()),
            ("READY", ReadyIdentityVerification::name()),
            ("VERIFIED", VerifiedIdentityVerification::name()),
        ];
        OneOfBuilder::new()
            .description(Some("본인인증 내역. `status`에 따라 모양이 다릅니다."))
            .item(reference::<FailedIdentityVerification>())
            .item(reference::<ReadyIdentityVerification>())
            .item(reference::<VerifiedIdentityVerification>())
            .discriminator(Some(Discriminator::with_mapping(
                "status",
                shapes.map(|(status, name)| (status, format!("#/components/schemas/{name}"))),
            )))
            .into()
    }
}

impl ToSchema for IdentityVerification {
    fn name() -> std::borrow::Cow<'static, str> {
        "IdentityVerification".into()
    }

    fn schemas(schemas: &mut Schemas) {
        collect_component::<FailedIdentityVerification>(schemas);
        collect_component::<ReadyIdentityVerification>(schemas);
        collect_component::<VerifiedIdentityVerification>(schemas);
    }
}

impl Field for IdentityVerification {
    fn field_schema() -> RefOr<Schema> {
        reference::<Self>()
    }

    fn collect(schemas: &mut Schemas) {
        collect_component::<Self>(schemas);
    }
}

wire_struct! {
    /// 조회한 페이지 정보.
    #[derive(Deserialize)]
    pub struct PageInfo {
        required {
            /// 요청한 페이지 번호. 0부터 시작합니다.
            number as "number": i32,
            /// 페이지마다 담는 건수.
            size as "size": i32,
            /// 조건에 맞는 전체 건수.
            total_count as "totalCount": i32,
        }
    }
}

wire_struct! {
    /// 본인인증 요청 전송 성공 응답. 빈 객체입니다.
    #[derive(Default, Deserialize)]
    pub struct SendIdentityVerificationResponse {}
}

wire_struct! {
    /// 본인인증 요청 재전송 성공 응답. 빈 객체입니다.
    #[derive(Default, Deserialize)]
    pub struct ResendIdentityVerificationResponse {}
}

wire_struct! {
    /// 본인인증 확인 성공 응답.
    #[derive(Deserialize)]
    pub struct ConfirmIdentityVerificationResponse {
        required {
            /// 완료된 본인인증 내역.
            identity_verification as "identityVerification": VerifiedIdentityVerification,
        }
    }
}

wire_struct! {
    /// 본인인증 내역 다건 조회 성공 응답.
    #[derive(Deserialize)]
    pub struct GetIdentityVerificationsResponse {
        required {
            /// 조회된 본인인증 내역.
            items as "items": Vec<IdentityVerification>,
            /// 조회한 페이지 정보.
            page as "page": PageInfo,
        }
    }
}
