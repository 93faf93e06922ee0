//! Databases with many verifications, kept for the next run.
//!
//! A thousand of them are real: made through the store's own verbs, with a person sealed in each. They are what the selective
//! filters find, and the newest of them are what the first pages show and what is looked up. The mass around them is written by SQL,
//! with nothing in the sealed columns and with blind indexes that look like others'.

use std::{
    fs,
    path::{Path, PathBuf},
    time::Instant,
};

use bonin_core::{
    BirthDate, ChannelId, Ci, Claim, ClaimToken, ConfirmOutcome, Di, Gender,
    IdentityVerificationId, Operator, OrderNumber, PersonName, PhoneNumber, Purpose, Redacted,
    Rules, SendOutcome, StoreId, TxId, Way,
};
use bonin_store::{
    BeginTry, CallNote, ChannelOfTry, ConfirmRecord, ConnectOptions, Customer, Keyring,
    ProviderState, SendRecord, Store, VerificationKey, VerifiedPerson,
};
use futures_util::future::try_join_all;
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use sqlx::{AssertSqlSafe, Connection, Executor, Row, SqliteConnection, sqlite};

use crate::{
    cli::say,
    failure::{Failure, Result, ensure},
    installation::{Installation, Programs, Sandbox},
};

/// The person of all real ones, so that each filter finds all of them.
pub(crate) const NAME: &str = "측정홍길동";
pub(crate) const PHONE: &str = "01098765432";
pub(crate) const BIRTH: &str = "19310307";
pub(crate) const OPERATOR: Operator = Operator::LguMvno;
pub(crate) const MERCHANT: &str = "BENCH";

/// Over how much time the verifications are spread: less than the list looks back by itself.
const SPREAD: SignedDuration = SignedDuration::from_hours(80 * 24);
/// How many of the real ones are the newest of all.
const NEWEST: u64 = 200;
/// How many are made at once, and how many rows are written in one transaction.
const AT_ONCE: u64 = 16;
const BATCH: u64 = 50_000;

/// A database, and what is known of it.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Data {
    pub(crate) installation: Installation,
    /// How many verifications, the real ones among them.
    pub(crate) rows: u64,
    pub(crate) real: u64,
    /// The newest is as old as this.
    pub(crate) until: Timestamp,
    /// Ids of real ones, the newest first.
    pub(crate) newest: Vec<String>,
    /// One of the real ones.
    pub(crate) tx_id: String,
    pub(crate) pg_tx_id: String,
}

impl Data {
    /// When the oldest was.
    pub(crate) fn from(&self) -> Timestamp {
        self.until.saturating_sub(SPREAD).unwrap_or(Timestamp::MIN)
    }

    /// The database of so many rows under a folder, made where it is not there yet.
    pub(crate) async fn of(
        programs: &Programs,
        folder: &Path,
        rows: u64,
        real: u64,
    ) -> Result<Self> {
        ensure(real >= 2 && rows >= real, || "too few rows".to_owned())?;
        let folder = folder
            .join(schema(programs).await?)
            .join(format!("{rows}-{real}"));
        let about = folder.join("about.json");
        if let Ok(bytes) = fs::read(&about) {
            let mut data: Self = serde_json::from_slice(&bytes)?;
            // The folder may have been moved.
            data.installation.database = format!("sqlite://{}", folder.join("bonin.db").display());
            return Ok(data);
        }
        if folder.exists() {
            fs::remove_dir_all(&folder)?;
        }
        fs::create_dir_all(&folder)?;
        let began = Instant::now();
        let data = Self::make(programs, &folder, rows, real).await?;
        // Last, so that a folder with it is whole.
        fs::write(&about, serde_json::to_vec(&data)?)?;
        let took = began.elapsed().as_secs();
        say(&format!(
            "made a database of {rows} verifications in {took} s"
        ))?;
        Ok(data)
    }

    async fn make(programs: &Programs, folder: &Path, rows: u64, real: u64) -> Result<Self> {
        let folder = folder.canonicalize()?;
        let sandbox = Sandbox::start(programs, &folder).await?;
        let installation = Installation::set_up(programs, &folder, &sandbox).await?;
        drop(sandbox);
        let data = Self {
            rows,
            real,
            until: Timestamp::from_second(Timestamp::now().as_second())?,
            newest: (0..real.min(NEWEST)).map(id_of).collect(),
            tx_id: tx_id_of(0),
            pg_tx_id: pg_tx_id_of(0),
            installation,
        };
        data.write_real().await?;
        data.write_mass().await?;
        Ok(data)
    }

    /// When a real one was asked for: the newest a second apart, the others over all the time there is.
    fn asked_at(&self, n: u64) -> Timestamp {
        let back = if n < NEWEST {
            SignedDuration::from_secs(60 + n.cast_signed())
        } else {
            let part = (n - NEWEST + 1) as f64 / (self.real - NEWEST + 1) as f64;
            SignedDuration::from_secs_f64(SPREAD.as_secs_f64() * part * 0.99)
        };
        self.until.saturating_sub(back).unwrap_or(Timestamp::MIN)
    }

    async fn write_real(&self) -> Result<()> {
        let keyring = Keyring::parse(&self.installation.key)?;
        let options = ConnectOptions::default();
        let store = Store::connect(
            &self.installation.database,
            keyring,
            Rules::default(),
            &options,
        )
        .await?;
        store.check(Timestamp::now()).await?;
        let mut next = 0;
        while next < self.real {
            let until = (next + AT_ONCE).min(self.real);
            try_join_all((next..until).map(|n| self.verify(&store, n))).await?;
            next = until;
        }
        store.close().await;
        Ok(())
    }

    /// One verification from its begin to its end, as it was at its time.
    async fn verify(&self, store: &Store, n: u64) -> Result<()> {
        let asked = self.asked_at(n);
        let key = VerificationKey {
            store: StoreId::parse(self.installation.store.as_str())?,
            id: IdentityVerificationId::parse(id_of(n))?,
        };
        let tx_id = TxId::parse(tx_id_of(n))?;
        let after = |seconds| asked.checked_add(SignedDuration::from_secs(seconds));
        let call = |tx_type: &str, at| CallNote {
            at,
            call: tx_type.to_owned(),
            code: "0000".to_owned(),
            millis: 120,
        };
        let begin = BeginTry {
            key: key.clone(),
            tx_id: tx_id.clone(),
            order_number: OrderNumber::parse(tx_id_of(n))?,
            channel: ChannelOfTry {
                id: ChannelId::parse(self.installation.channel_id.as_str())?,
                is_test: true,
                pg_provider: "KCP_V2".to_owned(),
                pg_merchant_id: MERCHANT.to_owned(),
            },
            way: Way::Sms,
            operator: Some(OPERATOR),
            customer: Customer {
                id: None,
                name: Some(PersonName::parse(NAME)?),
                phone: Some(PhoneNumber::parse(PHONE)?),
                birth_date: Some(BirthDate::parse_compact(BIRTH)?),
                gender: Some(Gender::Female),
                is_foreigner: Some(false),
            },
            custom_data: Some(Redacted::new("{\"order\":1}")),
            settle_by: after(60)?,
            checkout: None,
            message_limit: None,
            daily_tries: None,
        };
        store.begin(&begin, asked).await?;
        let sent = SendRecord {
            key: key.clone(),
            tx_id: tx_id.clone(),
            outcome: SendOutcome::Sent,
            pg_tx_id: Some(pg_tx_id_of(n)),
            provider_state: Some(ProviderState(Redacted::new("{}"))),
            answer: None,
            calls: vec![call("2100", after(1)?)],
        };
        store.record_send(&sent, after(1)?).await?;
        let token = ClaimToken::parse(tx_id_of(n))?;
        let claim = Claim {
            token: token.clone(),
            purpose: Purpose::Confirm,
            until: after(90)?,
        };
        store.claim(&key, &claim, None, after(20)?).await?;
        let person = VerifiedPerson {
            name: PersonName::parse(NAME)?,
            phone: PhoneNumber::parse(PHONE)?,
            birth_date: BirthDate::parse_compact(BIRTH)?,
            gender: Gender::Female,
            is_foreigner: false,
            operator: OPERATOR,
            ci: Some(Ci::parse("A".repeat(86) + "==")?),
            di: Di::parse("B".repeat(64))?,
        };
        let confirmed = ConfirmRecord {
            key,
            tx_id,
            token: Some(token),
            outcome: ConfirmOutcome::Verified,
            verified: Some((
                person,
                Redacted::new(format!(
                    "{{\"res_cd\":\"0000\",\"x\":\"{}\"}}",
                    "y".repeat(400)
                )),
            )),
            pg_tx_id: None,
            answer: None,
            calls: vec![call("2300", after(21)?)],
        };
        store.record_confirm(&confirmed, after(21)?).await?;
        Ok(())
    }

    /// The mass, in one go: whoever stops it makes the database anew.
    async fn write_mass(&self) -> Result<()> {
        let file = self
            .installation
            .file()
            .ok_or_else(|| Failure::new("not SQLite"))?;
        let options = sqlite::SqliteConnectOptions::new()
            .filename(file)
            .foreign_keys(false)
            .journal_mode(sqlite::SqliteJournalMode::Wal)
            .synchronous(sqlite::SqliteSynchronous::Off)
            .pragma("cache_size", "-500000");
        let mut connection = SqliteConnection::connect_with(&options).await?;
        let count = self.rows - self.real;
        let step = SPREAD.as_micros() / i128::from(count.max(1));
        let first = i128::from(self.from().as_microsecond());
        let real = sqlx::query(
            "SELECT index_key, gender_index, birth_month_index, birth_day_index FROM identity_verification LIMIT 1",
        )
        .fetch_one(&mut connection)
        .await?;
        let mut next = 0;
        while next < count {
            let until = (next + BATCH).min(count);
            let mut tx = connection.begin().await?;
            for sql in MASS {
                sqlx::query(AssertSqlSafe(format!("{NUMBERS} {sql}")))
                    .bind(next.cast_signed())
                    .bind(until.cast_signed())
                    .bind(&self.installation.store)
                    .bind(&self.installation.channel_id)
                    .bind(i64::try_from(first)?)
                    .bind(i64::try_from(step)?)
                    .bind(real.try_get::<i64, _>(0)?)
                    .bind(real.try_get::<Vec<u8>, _>(1)?)
                    .bind(real.try_get::<Vec<u8>, _>(2)?)
                    .bind(real.try_get::<Vec<u8>, _>(3)?)
                    .execute(&mut *tx)
                    .await?;
            }
            tx.commit().await?;
            next = until;
        }
        // On disk, and out of the log: a start must not have to read it.
        connection
            .execute("PRAGMA synchronous = FULL; PRAGMA wal_checkpoint(TRUNCATE)")
            .await?;
        Ok(connection.close().await?)
    }
}

/// Numbers from `$1` to below `$2`, each with an id in no order (multiplying by an odd number meets every 32-bit number once), the
/// time it stands for, and how it ended.
const NUMBERS: &str = "WITH RECURSIVE counted (i) AS (SELECT $1 UNION ALL SELECT i + 1 FROM counted WHERE i + 1 < $2), \
    mass AS (SELECT i, printf('%08x%08x', (i * 2654435761 + 12345) % 4294967296, i) AS id, \
    printf('%08x%08x%016x', (i * 2246822519 + 777) % 4294967296, i, i) AS tx, $5 + i * $6 AS at, \
    CASE WHEN i % 5 = 0 THEN 'FAILED' ELSE 'VERIFIED' END AS status, \
    CASE i % 5 WHEN 0 THEN 'SKT' WHEN 1 THEN 'KT' WHEN 2 THEN 'LGU' WHEN 3 THEN 'SKT_MVNO' ELSE 'KT_MVNO' END AS operator \
    FROM counted)";

const MASS: [&str; 3] = [
    // Half of them have the sex of the real ones, a twelfth their month, a thirtieth their day.
    "INSERT INTO identity_verification (store_id, id, revision, status, shown_tx_id, requested_at, updated_at, \
     status_changed_at, verified_at, failed_at, channel_id, is_test, pg_provider, pg_merchant_id, operator, pg_tx_id, \
     index_key, name_index, phone_index, birth_year_index, birth_month_index, birth_day_index, gender_index, ci_index, di_index) \
     SELECT $3, id, 3, status, tx, at, at + 20000000, at + 20000000, \
     CASE status WHEN 'VERIFIED' THEN at + 20000000 END, CASE status WHEN 'FAILED' THEN at + 20000000 END, \
     $4, 1, 'KCP_V2', 'AO7F3', operator, 'PG' || tx, $7, randomblob(32), randomblob(32), \
     CAST('year ' || (i % 60) AS BLOB), CASE WHEN i % 12 = 0 THEN $9 ELSE CAST('month ' || (i % 12) AS BLOB) END, \
     CASE WHEN i % 30 = 0 THEN $10 ELSE CAST('day ' || (i % 30) AS BLOB) END, \
     CASE WHEN i % 2 = 0 THEN $8 ELSE CAST('another' AS BLOB) END, randomblob(32), randomblob(32) FROM mass",
    "INSERT INTO attempt (tx_id, store_id, verification_id, number, order_number, channel_id, is_test, pg_provider, \
     pg_merchant_id, way, operator, state, failure_reason, begun_at, live_until, pg_tx_id, verified_operator, phone_index) \
     SELECT tx, $3, id, 0, tx, $4, 1, 'KCP_V2', 'AO7F3', 'SMS', operator, status, \
     CASE status WHEN 'FAILED' THEN 'EXPIRED' END, at, at + 600000000, 'PG' || tx, \
     CASE status WHEN 'VERIFIED' THEN operator END, randomblob(32) FROM mass",
    "INSERT INTO event (store_id, verification_id, seq, at, tx_id, kind, call, code, millis) \
     SELECT $3, id, 1, at, tx, 'begun', NULL, NULL, NULL FROM mass \
     UNION ALL SELECT $3, id, 2, at + 1000000, tx, 'asked_pg', '2100', '0000', 120 FROM mass",
];

fn scrambled(n: u64, by: u64) -> u64 {
    (n.wrapping_mul(by).wrapping_add(0x9e37)) % (1 << 32)
}

/// Nobody else's: the mass's ids are as long, and shorter than this.
fn id_of(n: u64) -> String {
    format!("{:08x}r{n:08x}", scrambled(n, 2_654_435_761))
}

fn tx_id_of(n: u64) -> String {
    format!("{:08x}{:024x}", scrambled(n, 2_246_822_519), n + (1 << 40))
}

fn pg_tx_id_of(n: u64) -> String {
    format!("PG{}", tx_id_of(n))
}

/// Names the schema that the program makes, so that databases of another are not taken for it.
async fn schema(programs: &Programs) -> Result<PathBuf> {
    let folder = tempfile::tempdir()?;
    let file = folder.path().join("schema.db");
    let database = format!("sqlite://{}", file.display());
    let key = crate::installation::text(&programs.json(&["key", "generate"], &[])?, "key")?;
    programs.shell(
        &["migrate"],
        &[("BONIN_DATABASE", &database), ("BONIN_KEY", &key)],
    )?;
    let mut connection = SqliteConnection::connect(&database).await?;
    let rows = sqlx::query("SELECT version, checksum FROM _sqlx_migrations ORDER BY version")
        .fetch_all(&mut connection)
        .await?;
    connection.close().await?;
    let mut name = String::from("schema");
    for row in &rows {
        let checksum: Vec<u8> = row.try_get(1)?;
        let first: String = checksum
            .iter()
            .take(3)
            .map(|byte| format!("{byte:02x}"))
            .collect();
        name.push_str(&format!("-{}{first}", row.try_get::<i64, _>(0)?));
    }
    Ok(name.into())
}
