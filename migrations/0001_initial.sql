-- The first schema. One text for SQLite and PostgreSQL, where BLOB becomes BYTEA and TEXT becomes TEXT COLLATE "C", compared byte by
-- byte as SQLite does it; nothing else differs.
-- Times are microseconds since 1970 (UTC). Columns of type BLOB that hold personal data or credentials are sealed.

CREATE TABLE key_version (
    id          BIGINT PRIMARY KEY,
    check_value BLOB   NOT NULL,
    created_at  BIGINT NOT NULL
);

CREATE TABLE store (
    id                  TEXT   PRIMARY KEY,
    name                TEXT   NOT NULL,
    kind                TEXT   NOT NULL CHECK (kind IN ('LIVE', 'TEST')),
    allow_test_channels BIGINT NOT NULL DEFAULT 0,
    -- What browsers may do with it, as lists separated by line breaks: origins that pages may call from, hosts and schemes
    -- that may be redirected to.
    browser_origins     TEXT   NOT NULL DEFAULT '',
    redirect_hosts      TEXT   NOT NULL DEFAULT '',
    redirect_schemes    TEXT   NOT NULL DEFAULT '',
    created_at          BIGINT NOT NULL
);

CREATE TABLE channel (
    id                       TEXT   PRIMARY KEY,
    store_id                 TEXT   NOT NULL REFERENCES store (id),
    channel_key              TEXT   NOT NULL UNIQUE,
    name                     TEXT   NOT NULL,
    kind                     TEXT   NOT NULL CHECK (kind IN ('LIVE', 'TEST')),
    pg_provider              TEXT   NOT NULL,
    pg_merchant_id           TEXT   NOT NULL,
    hub_url                  TEXT,
    hub_certificate          BLOB,
    hub_private_key          BLOB,
    hub_private_key_password BLOB,
    hub_certificate_ends_at  BIGINT,
    window_url               TEXT,
    window_enc_key           BLOB,
    created_at               BIGINT NOT NULL,
    updated_at               BIGINT NOT NULL
);
CREATE INDEX channel_of_store ON channel (store_id);

CREATE TABLE api_secret (
    id               TEXT   PRIMARY KEY,
    hash             BLOB   NOT NULL UNIQUE,
    prefix           TEXT   NOT NULL,
    name             TEXT   NOT NULL,
    default_store_id TEXT   NOT NULL REFERENCES store (id),
    created_at       BIGINT NOT NULL,
    expires_at       BIGINT,
    revoked_at       BIGINT,
    last_used_at     BIGINT
);

CREATE TABLE api_secret_store (
    secret_id TEXT NOT NULL REFERENCES api_secret (id),
    store_id  TEXT NOT NULL REFERENCES store (id),
    PRIMARY KEY (secret_id, store_id)
);

CREATE TABLE refresh_token (
    hash       BLOB   PRIMARY KEY,
    secret_id  TEXT   NOT NULL REFERENCES api_secret (id),
    created_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL
);
CREATE INDEX refresh_token_of_secret ON refresh_token (secret_id);
CREATE INDEX refresh_token_by_end    ON refresh_token (expires_at);

-- What the list asks for in the clear, and blind indexes for what it asks for of a person. The columns from channel_id
-- to pg_tx_id are those of the try that is shown.
CREATE TABLE identity_verification (
    store_id          TEXT   NOT NULL REFERENCES store (id),
    id                TEXT   NOT NULL,
    revision          BIGINT NOT NULL,
    status            TEXT   NOT NULL,
    shown_tx_id       TEXT   NOT NULL,
    requested_at      BIGINT NOT NULL,
    updated_at        BIGINT NOT NULL,
    status_changed_at BIGINT NOT NULL,
    verified_at       BIGINT,
    failed_at         BIGINT,
    channel_id        TEXT,
    is_test           BIGINT,
    pg_provider       TEXT,
    pg_merchant_id    TEXT,
    operator          TEXT,
    pg_tx_id          TEXT,
    index_key         BIGINT,
    name_index        BLOB,
    phone_index       BLOB,
    birth_year_index  BLOB,
    birth_month_index BLOB,
    birth_day_index   BLOB,
    gender_index      BLOB,
    ci_index          BLOB,
    di_index          BLOB,
    PRIMARY KEY (store_id, id)
);
CREATE INDEX verification_by_requested ON identity_verification (store_id, requested_at, id);
CREATE INDEX verification_by_changed   ON identity_verification (store_id, status_changed_at, id);
-- An index of what may be absent holds only the rows that have it: most writes have fewer to keep.
CREATE INDEX verification_by_verified  ON identity_verification (store_id, verified_at, id) WHERE verified_at IS NOT NULL;
CREATE INDEX verification_by_failed    ON identity_verification (store_id, failed_at, id) WHERE failed_at IS NOT NULL;
CREATE INDEX verification_by_pg_tx     ON identity_verification (store_id, pg_tx_id) WHERE pg_tx_id IS NOT NULL;
CREATE INDEX verification_by_name      ON identity_verification (name_index, requested_at) WHERE name_index IS NOT NULL;
CREATE INDEX verification_by_phone     ON identity_verification (phone_index, requested_at) WHERE phone_index IS NOT NULL;

-- One try. live_until is when its outcome must be recorded while it is BEGUN, and when its time is over while it is OPEN.
CREATE TABLE attempt (
    tx_id                  TEXT   PRIMARY KEY,
    store_id               TEXT   NOT NULL,
    verification_id        TEXT   NOT NULL,
    number                 BIGINT NOT NULL,
    order_number           TEXT   NOT NULL UNIQUE,
    channel_id             TEXT   NOT NULL REFERENCES channel (id),
    is_test                BIGINT NOT NULL,
    pg_provider            TEXT   NOT NULL,
    pg_merchant_id         TEXT   NOT NULL,
    way                    TEXT   NOT NULL,
    operator               TEXT,
    state                  TEXT   NOT NULL,
    failure_reason         TEXT,
    begun_at               BIGINT NOT NULL,
    live_until             BIGINT NOT NULL,
    wrong_numbers          BIGINT NOT NULL DEFAULT 0,
    resends                BIGINT NOT NULL DEFAULT 0,
    claim_token            TEXT,
    claim_purpose          TEXT,
    claim_until            BIGINT,
    -- The last claim whose outcome was recorded, and what it came to: what those who waited for it are told.
    answered_token         TEXT,
    answered_outcome       TEXT,
    pg_tx_id               TEXT,
    pg_code                TEXT,
    pg_message             BLOB,
    provider_state         BLOB,
    checkout               BLOB,
    returned_at            BIGINT,
    customer_id            BLOB,
    custom_data            BLOB,
    requested_name         BLOB,
    requested_phone        BLOB,
    requested_birth_date   BLOB,
    requested_gender       BLOB,
    requested_foreigner    BLOB,
    verified_name          BLOB,
    verified_phone         BLOB,
    verified_birth_date    BLOB,
    verified_gender        BLOB,
    verified_foreigner     BLOB,
    verified_operator      TEXT,
    verified_ci            BLOB,
    verified_di            BLOB,
    pg_raw_response        BLOB,
    UNIQUE (store_id, verification_id, number),
    FOREIGN KEY (store_id, verification_id) REFERENCES identity_verification (store_id, id)
);
CREATE INDEX attempt_undecided ON attempt (returned_at) WHERE state IN ('OPEN', 'REPLACED') AND returned_at IS NOT NULL;
CREATE INDEX attempt_in_flight ON attempt (live_until) WHERE state IN ('BEGUN', 'OPEN');

-- The timeline: what happened, codes and times; never a person's data.
CREATE TABLE event (
    store_id        TEXT   NOT NULL,
    verification_id TEXT   NOT NULL,
    seq             BIGINT NOT NULL,
    at              BIGINT NOT NULL,
    tx_id           TEXT   NOT NULL,
    kind            TEXT   NOT NULL,
    call            TEXT,
    code            TEXT,
    millis          BIGINT,
    PRIMARY KEY (store_id, verification_id, seq),
    FOREIGN KEY (store_id, verification_id) REFERENCES identity_verification (store_id, id)
);

-- Messages to one phone, to bound them. The phone is a blind index.
CREATE TABLE phone_message (
    phone_index BLOB   NOT NULL,
    sent_at     BIGINT NOT NULL,
    tx_id       TEXT   NOT NULL
);
CREATE INDEX phone_message_by_phone ON phone_message (phone_index, sent_at);
CREATE INDEX phone_message_by_time  ON phone_message (sent_at);
