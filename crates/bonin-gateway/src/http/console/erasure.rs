//! `/console/erasure`: one verification's person, or one person everywhere, gone for good. Whoever is named goes by form alone,
//! never into an address.

use axum::{
    Router,
    extract::{Path, State},
    http::StatusCode,
    response::{IntoResponse, Response},
    routing::{get, post},
};
use bonin_core::{Ci, IdentityVerificationId, PhoneNumber, StoreId};
use bonin_store::{PersonToErase, StoreRow, VerificationKey};
use maud::{Markup, html};

use super::{
    Console,
    form::{Fields, Posted},
    inputs::{Input, about, problems, summary, tick_box},
    layout::{Here, back, page, token, trouble},
    shown::heading,
    visitor::Visitor,
};
use crate::admin::{Action, ErasedPerson, Error, Problems};

const TITLE: &str = "개인정보 파기";

pub(super) fn routes() -> Router<Console> {
    Router::new()
        .route("/console/erasure", get(ask).post(erase_person))
        .route(
            "/console/verifications/{store}/{id}/erase",
            post(erase_verification),
        )
}

/// What every erasure says before it is done.
fn warning() -> Markup {
    html! {
        p.alert.danger {
            "이름, 휴대폰 번호, 생년월일, 성별, CI, DI와 고객사가 함께 보낸 데이터가 데이터베이스에서 지워집니다. 되돌릴 수 없습니다. "
            "본인인증이 있었다는 사실과 타임라인은 남습니다. 백업에 남은 것은 백업을 지워야 없어집니다."
        }
    }
}

/// The form that erases one verification, for the verification's own page.
pub(super) fn of_verification(visitor: &Visitor, key: &VerificationKey) -> Markup {
    html! {
        @if visitor.who.may(Action::ErasePerson) {
            section aria-labelledby="erasure" {
                h2 #erasure { (TITLE) }
                details {
                    summary { "이 본인인증의 개인정보를 파기합니다" }
                    form.sheet method="post" action={ "/console/verifications/" (key.store) "/" (key.id) "/erase" } {
                        (token(visitor))
                        (warning())
                        (reason(OWN_REASON, "", None))
                        div.actions { button.danger type="submit" { "파기합니다" } }
                    }
                }
            }
        }
    }
}

/// The reason's name on a verification's own page, where another form asks for a reason too.
const OWN_REASON: &str = "erasureReason";

fn reason(name: &str, value: &str, wrong: Option<&Problems>) -> Markup {
    Input {
        name,
        label: "이유",
        value,
        hint: "감사 기록에 남습니다. 2자에서 200자까지, 고객을 알아볼 수 있는 내용은 빼고 적습니다.",
        required: true,
        ..Input::default()
    }
    .text(wrong)
}

async fn erase_verification(
    State(console): State<Console>,
    Path((store, id)): Path<(String, String)>,
    Posted { visitor, fields }: Posted,
) -> Response {
    let act = async {
        visitor.who.must(Action::ErasePerson)?;
        let unknown = |_| Error::NotFound("본인인증");
        let key = VerificationKey {
            store: StoreId::parse(store).map_err(unknown)?,
            id: IdentityVerificationId::parse(id).map_err(unknown)?,
        };
        console
            .admin
            .erase_verification(&visitor.who, &key, fields.text(OWN_REASON))
            .await?;
        Ok(key)
    };
    match act.await {
        Ok(key) => {
            let page = format_args!("/console/verifications/{}/{}", key.store, key.id);
            back(page, "erased")
        }
        Err(error) => trouble(&visitor, &error),
    }
}

async fn ask(State(console): State<Console>, visitor: Visitor) -> Response {
    let stores = async {
        visitor.who.must(Action::ErasePerson)?;
        console.admin.stores(&visitor.who).await
    };
    match stores.await {
        Ok(stores) => page(
            &visitor,
            Here::Verifications,
            TITLE,
            asked(&visitor, &stores, &Fields::default(), None),
        ),
        Err(error) => trouble(&visitor, &error),
    }
}

/// The form. Whom it names does not come back with it: a person's number is typed again.
fn asked(visitor: &Visitor, stores: &[StoreRow], fields: &Fields, error: Option<&Error>) -> Markup {
    let wrong = problems(error);
    let mut choices = vec![("", "모든 상점")];
    choices.extend(
        stores
            .iter()
            .map(|store| (store.id.as_str(), store.name.as_str())),
    );
    let field = |name, label, hint| Input {
        name,
        label,
        hint,
        ..Input::default()
    };
    html! {
        nav.trail aria-label="위치" { a href="/console/verifications" { "본인인증" } }
        (heading(TITLE, None))
        p.lead { "한 사람이 나오는 본인인증을 모두 찾아 개인정보를 파기합니다." }
        (summary(error))
        form.sheet method="post" action="/console/erasure" autocomplete="off" {
            (token(visitor))
            (Input { name: "store", label: "상점", value: fields.text("store"), ..Input::default() }.select(&choices, wrong))
            (field("phone", "휴대폰 번호", "숫자만 적습니다. CI로 찾으려면 비워 둡니다.").number(wrong))
            (field("ci", "CI", "88자입니다. 휴대폰 번호로 찾으려면 비워 둡니다.").text(wrong))
            (reason("reason", fields.text("reason"), wrong))
            (warning())
            (tick_box("sure", "yes", "되돌릴 수 없다는 것을 알고 있습니다.", false))
            (about(wrong, "sure"))
            div.actions { button.danger type="submit" { "파기합니다" } }
        }
    }
}

/// Whom the form names, and where.
fn read(fields: &Fields) -> Result<(Option<StoreId>, PersonToErase), Error> {
    let mut wrong = Problems::default();
    let store = match fields.text("store") {
        "" => None,
        text => StoreId::parse(text)
            .map_err(|_| wrong.add("store", "목록에 있는 상점을 골라야 합니다."))
            .ok(),
    };
    let person = match (fields.text("phone"), fields.text("ci")) {
        ("", "") => {
            wrong.add("phone", "휴대폰 번호나 CI 가운데 하나를 적어야 합니다.");
            None
        }
        ("", ci) => Ci::parse(ci)
            .map(PersonToErase::Ci)
            .map_err(|_| wrong.add("ci", "CI는 88자의 base64입니다. 다시 확인해야 합니다."))
            .ok(),
        (phone, "") => PhoneNumber::parse(phone)
            .map(PersonToErase::Phone)
            .map_err(|_| {
                wrong.add(
                    "phone",
                    "01로 시작하는 숫자 10자리나 11자리를 하이픈 없이 적어야 합니다.",
                );
            })
            .ok(),
        _ => {
            wrong.add("phone", "휴대폰 번호와 CI 가운데 하나만 적어야 합니다.");
            None
        }
    };
    if !fields.ticked("sure") {
        wrong.add("sure", "되돌릴 수 없다는 것을 확인해야 합니다.");
    }
    match person {
        Some(person) => wrong.or((store, person)),
        None => Err(Error::Invalid(wrong)),
    }
}

async fn erase_person(State(console): State<Console>, posted: Posted) -> Response {
    let Posted { visitor, fields } = posted;
    let act = async {
        visitor.who.must(Action::ErasePerson)?;
        let (store, person) = read(&fields)?;
        console
            .admin
            .erase_person(&visitor.who, store.as_ref(), &person, fields.text("reason"))
            .await
    };
    let error = match act.await {
        Ok(erased) => return page(&visitor, Here::Verifications, TITLE, told(&erased)),
        Err(error @ (Error::Invalid(_) | Error::Refused(_))) => error,
        Err(error) => return trouble(&visitor, &error),
    };
    match console.admin.stores(&visitor.who).await {
        Ok(stores) => {
            let body = asked(&visitor, &stores, &fields, Some(&error));
            let page = page(&visitor, Here::Verifications, TITLE, body);
            (StatusCode::BAD_REQUEST, page).into_response()
        }
        Err(error) => trouble(&visitor, &error),
    }
}

fn told(erased: &ErasedPerson) -> Markup {
    html! {
        nav.trail aria-label="위치" { a href="/console/verifications" { "본인인증" } }
        (heading(TITLE, None))
        @if erased.erased > 0 {
            p.alert.success role="status" { "본인인증 " (erased.erased) "건에서 개인정보를 파기했습니다. 감사 기록에 남겼습니다." }
        } @else {
            p.alert role="status" { "파기할 본인인증이 없습니다. 이미 파기했거나, 이 번호로 한 본인인증이 없습니다." }
        }
        @if erased.under_way > 0 {
            p.alert.warning { "진행 중인 시도가 있는 " (erased.under_way) "건은 남아 있습니다. 시도가 끝난 뒤 다시 파기해야 합니다." }
        }
        p.actions { a.button href="/console/erasure" { "다른 사람 파기하기" } a href="/console/audit?action=verification" { "감사 기록 보기" } }
    }
}
