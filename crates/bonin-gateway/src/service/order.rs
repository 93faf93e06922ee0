//! A send, from the contract's words into the domain's.

use std::net::IpAddr;

use bonin_api::{
    IdentityVerificationMethod, IdentityVerificationOperator, InvalidRequest,
    SendIdentityVerificationBody,
};
use bonin_core::{
    InvalidPerson, Method, Operator, OrderNumber, PersonName, PhoneNumber, Redacted,
    ResidentNumberPrefix, Way,
};
use bonin_store::Customer;

use crate::provider::SendOrder;

/// The domain's rules are those of the contract, which were checked before; should they part, the request is refused.
fn broken(field: &'static str) -> impl Fn(InvalidPerson) -> InvalidRequest {
    move |_| InvalidRequest::new(field, "형식이 올바르지 않습니다.")
}

/// The order, with the order number that the try will have.
pub(super) fn order(
    body: &SendIdentityVerificationBody,
    order_number: OrderNumber,
) -> Result<SendOrder, InvalidRequest> {
    let customer = &body.customer;
    let resident = customer
        .identity_number
        .as_ref()
        .map(|digits| {
            ResidentNumberPrefix::parse(digits.expose()).map_err(broken("customer.identityNumber"))
        })
        .transpose()?;
    Ok(SendOrder {
        order_number,
        method: match body.method {
            IdentityVerificationMethod::Sms => Method::Sms,
            IdentityVerificationMethod::App => Method::App,
        },
        operator: operator(body.operator),
        name: PersonName::parse(customer.name.expose().as_str())
            .map_err(broken("customer.name"))?,
        phone: PhoneNumber::parse(customer.phone_number.expose().as_str())
            .map_err(broken("customer.phoneNumber"))?,
        resident,
        ip_address: ip_address(body),
        bypass: body.bypass.clone().unwrap_or_default(),
    })
}

/// The customer's address, by which requests are limited.
pub(super) fn ip_address(body: &SendIdentityVerificationBody) -> IpAddr {
    *body.customer.ip_address.expose()
}

/// Whom the store keeps.
pub(super) fn customer(body: &SendIdentityVerificationBody, order: &SendOrder) -> Customer {
    let id = body.customer.id.as_ref();
    Customer {
        id: id.map(|id| Redacted::new(id.expose().as_str())),
        name: Some(order.name.clone()),
        phone: Some(order.phone.clone()),
        birth_date: order.resident.map(|resident| resident.birth_date),
        gender: order.resident.map(|resident| resident.gender),
        is_foreigner: order.resident.map(|resident| resident.is_foreigner),
    }
}

pub(super) fn way(method: Method) -> Way {
    match method {
        Method::Sms => Way::Sms,
        Method::App => Way::App,
    }
}

fn operator(operator: IdentityVerificationOperator) -> Operator {
    match operator {
        IdentityVerificationOperator::Skt => Operator::Skt,
        IdentityVerificationOperator::Kt => Operator::Kt,
        IdentityVerificationOperator::Lgu => Operator::Lgu,
        IdentityVerificationOperator::SktMvno => Operator::SktMvno,
        IdentityVerificationOperator::KtMvno => Operator::KtMvno,
        IdentityVerificationOperator::LguMvno => Operator::LguMvno,
    }
}
