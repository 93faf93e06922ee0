//! A page asks for a window.

use std::net::IpAddr;

use bonin_api::{CheckoutBody, CheckoutCustomer, InvalidRequest, WindowType};
use bonin_core::{
    BirthDate, Gender, IdentityVerificationId, PersonName, PhoneNumber, Redacted, StoreId, TxId,
    Way,
};
use bonin_store::{BeginTry, ChannelOfTry, Customer, StoreRow, VerificationKey};

use super::{Checkout, Code, Failure, Origin, RedirectTarget};
use crate::{
    ids,
    provider::WindowOrder,
    service::{Error, Service},
};

/// A window that is ready to be opened.
#[derive(Debug)]
pub struct Opened {
    /// The try.
    pub tx_id: TxId,
    /// The page that takes the browser there.
    pub url: String,
}

impl Service {
    /// Begins a window try and registers it at the provider.
    pub async fn open_window(
        &self,
        body: &CheckoutBody,
        origin: &Origin,
        address: IpAddr,
    ) -> Result<Opened, Failure> {
        self.limits.checkout(address).map_err(Error::from)?;
        let store = self.store_of_page(body, origin).await?;
        let redirect_url = redirect_url(body, origin, &store)?;
        bonin_api::check_identity_verification_id(&body.identity_verification_id)
            .map_err(Error::from)?;
        let id = IdentityVerificationId::parse(body.identity_verification_id.as_str())
            .map_err(|_| Error::NotFound)?;
        let channel = self.channel_for(&store, &body.channel_key).await?;
        let (tx_id, order_number) = new_ids()?;
        let return_secret = ids::request_id().map_err(Error::from)?;
        let provider = self.providers.of(&channel);
        let order = WindowOrder {
            order_number: order_number.clone(),
            return_url: Redacted::new(format!(
                "{}/checkout/{tx_id}/return/{return_secret}",
                self.config.public_url
            )),
            web_siteid: body.web_siteid.clone(),
        };
        let prepared = provider
            .prepare_window(&channel, order)
            .map_err(Error::from)?;
        let checkout = Checkout {
            origin: origin.as_str().map(str::to_owned),
            window_type: body.window_type,
            redirect_url,
            force_redirect: body.force_redirect,
            return_secret,
        };
        let wanted = BeginTry {
            key: VerificationKey {
                store: store.id,
                id,
            },
            tx_id: tx_id.clone(),
            order_number,
            channel: ChannelOfTry::of(&channel),
            way: Way::Window,
            operator: None,
            customer: customer(&body.customer),
            custom_data: body
                .custom_data
                .as_ref()
                .map(|data| Redacted::new(data.expose().as_str())),
            settle_by: self.settle_by(provider.longest_call()),
            checkout: Some(checkout.kept()?),
            message_limit: None,
            daily_tries: store.limits.daily_tries,
        };
        let service = self.clone();
        self.detached(async move { service.begin_and_reach(wanted, prepared).await })
            .await?;
        Ok(Opened {
            url: format!("{}/checkout/{tx_id}", self.config.public_url),
            tx_id,
        })
    }

    async fn store_of_page(
        &self,
        body: &CheckoutBody,
        origin: &Origin,
    ) -> Result<StoreRow, Failure> {
        let unknown = || {
            Failure::new(
                Code::StoreNotFound,
                "storeId: 없는 상점입니다. 상점 아이디를 확인해야 합니다.",
            )
        };
        let id = StoreId::parse(body.store_id.as_str()).map_err(|_| unknown())?;
        let store = self.store.store(&id).await.map_err(Error::from)?;
        let store = store.ok_or_else(unknown)?;
        if !origin.may_call(&store) {
            return Err(Failure::new(
                Code::PermissionDenied,
                "이 페이지의 출처(origin)에서는 이 상점의 본인인증을 요청할 수 없습니다. 상점에 출처를 등록해야 합니다.",
            ));
        }
        // A popup or an iframe is told at the origin noted here: without one there is nobody to tell.
        if origin.as_str().is_none() && body.window_type != WindowType::Redirection {
            return Err(Failure::new(
                Code::FailedPrecondition,
                "출처(origin)를 알 수 없는 페이지에서는 POPUP과 IFRAME을 쓸 수 없습니다. REDIRECTION으로 요청해야 합니다.",
            ));
        }
        Ok(store)
    }
}

fn new_ids() -> Result<(TxId, bonin_core::OrderNumber), Error> {
    Ok((ids::tx_id()?, ids::order_number()?))
}

fn redirect_url(
    body: &CheckoutBody,
    origin: &Origin,
    store: &StoreRow,
) -> Result<Option<String>, Failure> {
    let Some(given) = &body.redirect_url else {
        if body.window_type == WindowType::Redirection {
            let missing = InvalidRequest::new("redirectUrl", "REDIRECTION이면 필수 항목입니다.");
            return Err(Error::Invalid(missing).into());
        }
        return Ok(None);
    };
    match RedirectTarget::parse(given, origin, store) {
        Some(target) => Ok(Some(target.as_str().to_owned())),
        None => Err(Failure::new(
            Code::PermissionDenied,
            "redirectUrl: 쓸 수 없는 주소입니다. 이 페이지의 출처이거나 상점에 등록된 호스트의 http(s) 주소, 또는 등록된 앱의 스킴이어야 합니다.",
        )),
    }
}

fn customer(given: &CheckoutCustomer) -> Customer {
    let birth = given.birth.as_ref().and_then(|birth| {
        let (year, month, day) = birth.expose();
        BirthDate::parse_compact(&format!("{year:0>4}{month:0>2}{day:0>2}")).ok()
    });
    Customer {
        id: given
            .id
            .as_ref()
            .map(|id| Redacted::new(id.expose().as_str())),
        name: given
            .name
            .as_ref()
            .and_then(|name| PersonName::parse(name.expose().as_str()).ok()),
        phone: given
            .phone_number
            .as_ref()
            .and_then(|phone| PhoneNumber::parse(phone.expose().replace('-', "")).ok()),
        birth_date: birth,
        gender: given
            .gender
            .as_ref()
            .and_then(|gender| gender.expose().parse::<Gender>().ok()),
        is_foreigner: None,
    }
}
