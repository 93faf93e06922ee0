//! The list.

use bonin_api::{
    Carrier, Gender, GetIdentityVerificationsBody, GetIdentityVerificationsResponse,
    IdentityVerificationFilterCustomerInput, IdentityVerificationFilterInput,
    IdentityVerificationSortBy, IdentityVerificationStatus, IdentityVerificationTimeRangeField,
    PageInfo, Personal, PgCompany, PgProvider, PortOneVersion, SortOrder,
};
use bonin_core::{IdentityVerificationId, Operator, Redacted, Status, TxId};
use bonin_store::{CustomerFilter, ListQuery, Page, SortField, TimeRange};

use super::{Caller, Error, Service, lookup};
use crate::provider::kcp::PG_PROVIDER;

impl Service {
    /// A page of verifications.
    pub async fn list(
        &self,
        caller: &Caller,
        body: &GetIdentityVerificationsBody,
    ) -> Result<GetIdentityVerificationsResponse, Error> {
        let none = IdentityVerificationFilterInput::default();
        let filter = body.filter.as_ref().unwrap_or(&none);
        let stores = match &filter.store_id {
            Some(id) => vec![caller.store(Some(id))?],
            None => caller.stores().to_vec(),
        };
        let range = body.time_range(self.now())?;
        let page = match conditions(filter) {
            Some(conditions) => {
                let query = ListQuery {
                    stores,
                    range: TimeRange {
                        field: range_field(filter.time_range_field),
                        from: range.from,
                        until: range.until,
                    },
                    sort: sort_field(body.sort_by()),
                    order: match body.sort_order() {
                        SortOrder::Desc => bonin_store::SortOrder::Descending,
                        SortOrder::Asc => bonin_store::SortOrder::Ascending,
                    },
                    skip: i64::from(body.page_number()) * i64::from(body.page_size()),
                    size: i64::from(body.page_size()),
                    ..conditions
                };
                self.store.list(&query).await?
            }
            None => Page {
                items: Vec::new(),
                total: 0,
            },
        };
        Ok(GetIdentityVerificationsResponse {
            items: page
                .items
                .iter()
                .map(|record| lookup::shown(record).ok_or_else(lookup::unshowable))
                .collect::<Result<_, _>>()?,
            page: PageInfo {
                number: body.page_number(),
                size: body.page_size(),
                total_count: i32::try_from(page.total).unwrap_or(i32::MAX),
            },
        })
    }
}

/// The filter in the store's words. `None` where it asks for what cannot exist, such as an id that no verification has.
fn conditions(filter: &IdentityVerificationFilterInput) -> Option<ListQuery> {
    let id = match &filter.identity_verification_id {
        Some(id) => Some(IdentityVerificationId::parse(id.as_str()).ok()?),
        None => None,
    };
    let tx_id = match &filter.identity_verification_tx_id {
        Some(id) => Some(TxId::parse(id.to_ascii_lowercase()).ok()?),
        None => None,
    };
    if filter.version == Some(PortOneVersion::V1) {
        return None;
    }
    let customer = match &filter.customer {
        Some(customer) => customer_filter(customer)?,
        None => CustomerFilter::default(),
    };
    Some(ListQuery {
        stores: Vec::new(),
        range: TimeRange {
            field: SortField::RequestedAt,
            from: jiff::Timestamp::MIN,
            until: jiff::Timestamp::MAX,
        },
        id,
        tx_id,
        is_test: filter.is_test,
        statuses: given(&filter.statuses)
            .map(|status| match status {
                IdentityVerificationStatus::Ready => Status::Ready,
                IdentityVerificationStatus::Verified => Status::Verified,
                IdentityVerificationStatus::Failed => Status::Failed,
            })
            .collect(),
        pg_tx_id: filter.pg_tx_id.clone(),
        pg_merchant_id: filter.pg_merchant_id.clone(),
        pg_providers: providers(filter),
        operators: given(&filter.carriers)
            .map(|carrier| match carrier {
                Carrier::Skt => Operator::Skt,
                Carrier::Kt => Operator::Kt,
                Carrier::Lgu => Operator::Lgu,
                Carrier::SktMvno => Operator::SktMvno,
                Carrier::KtMvno => Operator::KtMvno,
                Carrier::LguMvno => Operator::LguMvno,
            })
            .collect(),
        ways: Vec::new(),
        customer,
        sort: SortField::default(),
        order: bonin_store::SortOrder::default(),
        skip: 0,
        size: 0,
    })
}

fn given<T>(list: &Option<Vec<T>>) -> impl Iterator<Item = &T> {
    list.iter().flatten()
}

/// The providers asked for, by module and by company; every channel is KCP's so far. `None` filters nothing.
fn providers(filter: &IdentityVerificationFilterInput) -> Option<Vec<String>> {
    let modules = given(&filter.pg_providers).count() > 0;
    let companies = given(&filter.pg_companies).count() > 0;
    if !modules && !companies {
        return None;
    }
    let wanted = (!modules || given(&filter.pg_providers).any(|p| *p == PgProvider::KcpV2))
        && (!companies || given(&filter.pg_companies).any(|c| *c == PgCompany::Kcp));
    Some(if wanted {
        vec![PG_PROVIDER.to_owned()]
    } else {
        Vec::new()
    })
}

fn customer_filter(filter: &IdentityVerificationFilterCustomerInput) -> Option<CustomerFilter> {
    let text = |value: &Option<Personal<String>>| {
        value
            .as_ref()
            .map(|value| Redacted::new(value.expose().as_str()))
    };
    Some(CustomerFilter {
        name: text(&filter.name),
        phone: text(&filter.phone_number),
        birth_year: text(&filter.birth_year),
        birth_month: text(&filter.birth_month),
        birth_day: text(&filter.birth_day),
        gender: match filter.gender.as_ref().map(Personal::expose) {
            Some(Gender::Male) => Some(bonin_core::Gender::Male),
            Some(Gender::Female) => Some(bonin_core::Gender::Female),
            // KCP tells male and female only.
            Some(Gender::Other) => return None,
            None => None,
        },
    })
}

fn sort_field(by: IdentityVerificationSortBy) -> SortField {
    match by {
        IdentityVerificationSortBy::RequestedAt => SortField::RequestedAt,
        IdentityVerificationSortBy::VerifiedAt => SortField::VerifiedAt,
        IdentityVerificationSortBy::FailedAt => SortField::FailedAt,
        IdentityVerificationSortBy::StatusUpdatedAt => SortField::StatusChangedAt,
    }
}

fn range_field(field: Option<IdentityVerificationTimeRangeField>) -> SortField {
    match field {
        None | Some(IdentityVerificationTimeRangeField::RequestedAt) => SortField::RequestedAt,
        Some(IdentityVerificationTimeRangeField::VerifiedAt) => SortField::VerifiedAt,
        Some(IdentityVerificationTimeRangeField::FailedAt) => SortField::FailedAt,
        Some(IdentityVerificationTimeRangeField::StatusUpdatedAt) => SortField::StatusChangedAt,
    }
}
