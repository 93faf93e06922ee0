//! The contract's closed lists of values.

use crate::contract::wire_enum;

wire_enum! {
    /// 통신사. 조회 조건에서 쓰는 이름이며 값은 `IdentityVerificationOperator`와 같습니다.
    pub enum Carrier {
        Skt = "SKT",
        Kt = "KT",
        Lgu = "LGU",
        SktMvno = "SKT_MVNO",
        KtMvno = "KT_MVNO",
        LguMvno = "LGU_MVNO",
    }
}

wire_enum! {
    /// 성별.
    pub enum Gender {
        Male = "MALE",
        Female = "FEMALE",
        Other = "OTHER",
    }
}

wire_enum! {
    /// 본인인증 방식. `SMS`는 문자로 받은 인증번호를 입력하고, `APP`은 PASS 앱에서 승인합니다.
    pub enum IdentityVerificationMethod {
        Sms = "SMS",
        App = "APP",
    }
}

wire_enum! {
    /// 통신사. `_MVNO`가 붙은 값은 그 통신사 망을 쓰는 알뜰폰입니다.
    pub enum IdentityVerificationOperator {
        Skt = "SKT",
        Kt = "KT",
        Lgu = "LGU",
        SktMvno = "SKT_MVNO",
        KtMvno = "KT_MVNO",
        LguMvno = "LGU_MVNO",
    }
}

wire_enum! {
    /// 본인인증 내역을 정렬할 기준 시각.
    pub enum IdentityVerificationSortBy {
        RequestedAt = "REQUESTED_AT",
        VerifiedAt = "VERIFIED_AT",
        FailedAt = "FAILED_AT",
        StatusUpdatedAt = "STATUS_UPDATED_AT",
    }
}

wire_enum! {
    /// 본인인증 상태. `READY`는 요청됨, `VERIFIED`는 인증 완료, `FAILED`는 실패입니다.
    pub enum IdentityVerificationStatus {
        Ready = "READY",
        Verified = "VERIFIED",
        Failed = "FAILED",
    }
}

wire_enum! {
    /// 조회 기간(`from`, `until`)을 적용할 시각.
    pub enum IdentityVerificationTimeRangeField {
        RequestedAt = "REQUESTED_AT",
        VerifiedAt = "VERIFIED_AT",
        FailedAt = "FAILED_AT",
        StatusUpdatedAt = "STATUS_UPDATED_AT",
    }
}

wire_enum! {
    /// API 버전. Bonin의 본인인증은 모두 `V2`입니다.
    pub enum PortOneVersion {
        V1 = "V1",
        V2 = "V2",
    }
}

wire_enum! {
    /// 채널 타입. `LIVE`는 실연동, `TEST`는 테스트 채널입니다.
    pub enum SelectedChannelType {
        Live = "LIVE",
        Test = "TEST",
    }
}

wire_enum! {
    /// 정렬 순서. `DESC`는 내림차순, `ASC`는 오름차순입니다.
    pub enum SortOrder {
        Desc = "DESC",
        Asc = "ASC",
    }
}
