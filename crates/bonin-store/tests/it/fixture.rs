//! A database with a store and a channel in it.

use bonin_core::*;
use bonin_store::*;
use jiff::{SignedDuration, Timestamp};

pub use crate::place::{Blob, Place};

pub const KEY: &str = "1:AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=";

/// All verifications of the store, on pages of ten.
pub fn everything() -> ListQuery {
    ListQuery {
        stores: vec![store_id()],
        range: TimeRange {
            field: SortField::RequestedAt,
            from: at(0),
            until: at(10_000),
        },
        id: None,
        tx_id: None,
        is_test: None,
        statuses: Vec::new(),
        pg_tx_id: None,
        pg_merchant_id: None,
        pg_providers: None,
        operators: Vec::new(),
        ways: Vec::new(),
        customer: CustomerFilter::default(),
        sort: SortField::RequestedAt,
        order: SortOrder::Descending,
        skip: 0,
        size: 10,
    }
}

pub struct Fixture {
    pub store: Store,
    pub place: Place,
}

pub fn at(second: i64) -> Timestamp {
    Timestamp::from_second(1_800_000_000 + second).unwrap()
}

/// Who sets things up.
pub fn someone() -> Actor {
    Actor::system("test")
}

pub fn store_id() -> StoreId {
    StoreId::parse("store-1").unwrap()
}

pub fn key(id: &str) -> VerificationKey {
    VerificationKey {
        store: store_id(),
        id: IdentityVerificationId::parse(id).unwrap(),
    }
}

pub fn tx(number: u32) -> TxId {
    TxId::parse(format!("{number:032x}")).unwrap()
}

pub fn claim(number: u32, purpose: Purpose, second: i64) -> Claim {
    Claim {
        token: ClaimToken::parse(format!("{number:032x}")).unwrap(),
        purpose,
        until: at(second + 30),
    }
}

pub fn customer(name: &str, phone: &str) -> Customer {
    let resident = ResidentNumberPrefix::parse("9003152").unwrap();
    Customer {
        id: Some(Redacted::new("customer-77")),
        name: Some(PersonName::parse(name).unwrap()),
        phone: Some(PhoneNumber::parse(phone).unwrap()),
        birth_date: Some(resident.birth_date),
        gender: Some(resident.gender),
        is_foreigner: Some(resident.is_foreigner),
    }
}

pub fn person(name: &str, phone: &str) -> VerifiedPerson {
    VerifiedPerson {
        name: PersonName::parse(name).unwrap(),
        phone: PhoneNumber::parse(phone).unwrap(),
        birth_date: BirthDate::parse_compact("19900315").unwrap(),
        gender: Gender::Female,
        is_foreigner: false,
        operator: Operator::Skt,
        ci: Some(Ci::parse(format!("{}==", "C".repeat(86))).unwrap()),
        di: Di::parse("D".repeat(64)).unwrap(),
    }
}

impl Fixture {
    pub async fn new() -> Self {
        let place = Place::new().await;
        let store = place.open(KEY).await;
        store.migrate(at(0)).await.unwrap();
        let fixture = Self { store, place };
        fixture.add_store("store-1", "channel-1").await;
        fixture
    }

    /// Every binary value in every table.
    pub async fn blobs(&self) -> Vec<Blob> {
        self.place.blobs().await
    }

    /// The same database, opened again.
    pub async fn reopened(&self) -> Store {
        self.place.open(KEY).await
    }

    pub async fn add_store(&self, store: &str, channel: &str) {
        let id = StoreId::parse(store).unwrap();
        let new = NewStore {
            id: id.clone(),
            name: store.to_owned(),
            kind: StoreKind::Test,
            allow_test_channels: true,
            browser: BrowserRules::default(),
            limits: StoreLimits::default(),
            retention_days: None,
        };
        self.store
            .create_store(&new, &someone(), at(0))
            .await
            .unwrap();
        let channel = NewChannel {
            id: ChannelId::parse(channel).unwrap(),
            store_id: id,
            key: ChannelKey::parse(format!("{channel}-key")).unwrap(),
            name: "a channel".into(),
            kind: ChannelKind::Test,
            pg_provider: "KCP_V2".into(),
            pg_merchant_id: "AO7F3".into(),
            hub: Some(HubAccess {
                url: "http://127.0.0.1:1".into(),
                certificate: Redacted::new("a certificate"),
                private_key: Redacted::new("a private key that nobody may see"),
                private_key_password: Redacted::new("hunter2-hunter2"),
                certificate_ends_at: Some(at(1_000_000)),
            }),
            window: Some(WindowAccess {
                url: "http://127.0.0.1:1".into(),
                enc_key: Redacted::new("an enc_key that nobody may see"),
            }),
        };
        self.store
            .put_channel(&channel, &someone(), at(0))
            .await
            .unwrap();
    }

    pub fn wanted(&self, id: &str, number: u32, second: i64) -> BeginTry {
        BeginTry {
            key: key(id),
            tx_id: tx(number),
            order_number: OrderNumber::parse(format!("BN{number}")).unwrap(),
            channel: ChannelOfTry {
                id: ChannelId::parse("channel-1").unwrap(),
                is_test: true,
                pg_provider: "KCP_V2".into(),
                pg_merchant_id: "AO7F3".into(),
            },
            way: Way::Sms,
            operator: Some(Operator::Skt),
            customer: customer("홍길동", "01012345678"),
            custom_data: Some(Redacted::new("{\"order\": 1}")),
            settle_by: at(second + 60),
            checkout: None,
            message_limit: Some(MessageLimit {
                max: 10,
                within: SignedDuration::from_hours(1),
            }),
            daily_tries: None,
        }
    }

    pub async fn record_sent(&self, id: &str, number: u32, second: i64) {
        let record = SendRecord {
            key: key(id),
            tx_id: tx(number),
            outcome: SendOutcome::Sent,
            pg_tx_id: Some(format!("PER{number}")),
            provider_state: Some(ProviderState(Redacted::new("{\"secret\":\"state\"}"))),
            answer: None,
            calls: vec![CallNote {
                at: at(second),
                call: "2100".into(),
                code: "0000".into(),
                millis: 7,
            }],
        };
        self.store.record_send(&record, at(second)).await.unwrap();
    }

    /// A verification with a live SMS try.
    pub async fn open(&self, id: &str, number: u32, second: i64) {
        let wanted = self.wanted(id, number, second);
        self.store.begin(&wanted, at(second)).await.unwrap();
        self.record_sent(id, number, second).await;
    }

    pub async fn confirm(
        &self,
        id: &str,
        number: u32,
        second: i64,
        outcome: ConfirmOutcome,
    ) -> Recorded {
        let claim = claim(number + 1000 + second as u32, Purpose::Confirm, second);
        let claimed = self
            .store
            .claim(&key(id), &claim, None, at(second))
            .await
            .unwrap();
        let verified = outcome == ConfirmOutcome::Verified;
        let record = ConfirmRecord {
            key: key(id),
            tx_id: claimed.tx_id,
            token: Some(claim.token),
            outcome,
            verified: verified.then(|| {
                let raw = Redacted::new("{\"CI\":\"raw answer\"}");
                (person("홍길동", "01012345678"), raw)
            }),
            pg_tx_id: None,
            answer: (!verified).then(|| PgAnswer {
                code: "SB11".into(),
                message: Redacted::new("틀린 번호 홍길동"),
            }),
            calls: vec![CallNote {
                at: at(second),
                call: "2300".into(),
                code: if verified { "0000" } else { "SB11" }.into(),
                millis: 3,
            }],
        };
        self.store
            .record_confirm(&record, at(second))
            .await
            .unwrap()
    }

    pub async fn timeline(&self, id: &str) -> Vec<String> {
        let entries = self.store.timeline(&key(id)).await.unwrap();
        entries.into_iter().map(|entry| entry.kind).collect()
    }
}
