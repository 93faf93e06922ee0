//! `/console/channels`: contracts with KCP. Credentials go in here and never come out.

mod credentials;
mod detail;
mod new;

use axum::{
    Router,
    extract::State,
    response::Response,
    routing::{get, post},
};
use bonin_core::ChannelId;
use maud::{Markup, html};

use super::{
    Console,
    layout::{Here, page, trouble},
    shown::{badge, heading},
    visitor::Visitor,
};
use crate::{
    admin::{Action, Error, ShownChannel},
    provider::Product,
};

pub(super) fn routes() -> Router<Console> {
    Router::new()
        .route("/console/channels", get(list))
        .route("/console/channels/new", get(new::blank).post(new::create))
        .route("/console/channels/{id}", get(detail::show))
        .route("/console/channels/{id}/name", post(detail::rename))
        .route(
            "/console/channels/{id}/credentials",
            post(detail::replace_credentials),
        )
        .route("/console/channels/{id}/test", post(detail::test))
        .route("/console/channels/{id}/retire", post(detail::retire))
        .route("/console/channels/{id}/restore", post(detail::restore))
}

/// The channel of an address. One that is not well-formed is not there.
fn channel_id(text: String) -> Result<ChannelId, Error> {
    ChannelId::parse(text).map_err(|_| Error::NotFound("채널"))
}

/// What a channel can do.
fn products(channel: &ShownChannel) -> impl Iterator<Item = Product> {
    let window = channel.window_url.is_some().then_some(Product::Window);
    let hub = channel.hub_url.is_some().then_some(Product::Hub);
    window.into_iter().chain(hub)
}

async fn list(State(console): State<Console>, visitor: Visitor) -> Response {
    match channels_by_store(&console, &visitor).await {
        Ok(groups) => page(&visitor, Here::Channels, "채널", listed(&visitor, &groups)),
        Err(error) => trouble(&visitor, &error),
    }
}

/// A store's name and its channels.
type Group = (String, Vec<ShownChannel>);

async fn channels_by_store(console: &Console, visitor: &Visitor) -> Result<Vec<Group>, Error> {
    let stores = console.admin.stores(&visitor.who).await?;
    let mut channels = console.admin.channels(&visitor.who, None).await?;
    let mut groups = Vec::with_capacity(stores.len());
    for store in stores {
        let (own, others) = channels
            .into_iter()
            .partition(|channel| channel.store == store.id);
        channels = others;
        groups.push((store.name, own));
    }
    Ok(groups)
}

fn listed(visitor: &Visitor, groups: &[Group]) -> Markup {
    let may_change = visitor.who.may(Action::ChangeChannels);
    let action = ("/console/channels/new", "채널 만들기");
    let none = groups.iter().all(|(_, channels)| channels.is_empty());
    html! {
        (heading("채널", may_change.then_some(action)))
        @if groups.is_empty() {
            p.empty { "채널은 상점에 속합니다. " a href="/console/stores" { "상점" } "을 먼저 만들어야 합니다." }
        } @else if none {
            p.empty { "아직 채널이 없습니다. KCP에서 받은 자격 증명으로 채널을 만들면 본인인증을 할 수 있습니다." }
        }
        @for (store, channels) in groups {
            @let (used, retired): (Vec<_>, Vec<_>) = channels.iter().partition(|channel| channel.retired_at.is_none());
            @if !channels.is_empty() {
                section {
                    h2 { (store) }
                    (items(&used))
                    @if !retired.is_empty() {
                        details {
                            summary { "보관한 채널 " (retired.len()) "개" }
                            (items(&retired))
                        }
                    }
                }
            }
        }
    }
}

fn items(channels: &[&ShownChannel]) -> Markup {
    html! {
        ul.items {
            @for channel in channels {
                li {
                    p.title {
                        a href={ "/console/channels/" (channel.id) } { (channel.name) }
                        (badge(channel.kind.as_str()))
                    }
                    p.meta {
                        "사이트 코드 " code { (channel.pg_merchant_id) }
                        @for product in products(channel) { " · " (product.korean()) }
                        @if let Some((ends_at, _)) = channel.certificate { " · 인증서 " (day(ends_at)) "까지" }
                    }
                    @if let Some(warning) = channel.certificate_warning() { p.warning { (warning) } }
                }
            }
        }
    }
}

/// A day in Korea.
fn day(at: jiff::Timestamp) -> Markup {
    html! { time datetime=(at.to_string()) { (jiff::tz::offset(9).to_datetime(at).date()) } }
}
