-- Who runs the gateway, what they did, and what they may set for a store.

-- Which key seals what is new (ACTIVE, one of them), which still open (OPENING), and which nothing is sealed with any more.
ALTER TABLE key_version ADD COLUMN state TEXT NOT NULL DEFAULT 'OPENING';

-- What a store may set for itself. Null: as the operator's configuration says; for retention: nothing is erased by itself.
ALTER TABLE store ADD COLUMN retention_days BIGINT;
ALTER TABLE store ADD COLUMN limit_phone_messages BIGINT;
ALTER TABLE store ADD COLUMN limit_daily_tries BIGINT;
ALTER TABLE store ADD COLUMN updated_at BIGINT;

-- A channel that is put away takes no new tries; those under way end on it.
ALTER TABLE channel ADD COLUMN retired_at BIGINT;

-- When the personal data of a verification was erased; the row and its timeline stay.
ALTER TABLE identity_verification ADD COLUMN erased_at BIGINT;
CREATE INDEX verification_to_erase ON identity_verification (store_id, status_changed_at) WHERE erased_at IS NULL;
CREATE INDEX verification_by_ci    ON identity_verification (ci_index) WHERE ci_index IS NOT NULL;

-- The phone that a try was for, as a blind index: a person is found for erasure by every try, not by the shown one alone.
ALTER TABLE attempt ADD COLUMN phone_index BLOB;
-- Whoever is told of a person of this try after that must not write them down again.
ALTER TABLE attempt ADD COLUMN erased_at BIGINT;
CREATE INDEX attempt_by_phone ON attempt (phone_index) WHERE phone_index IS NOT NULL;

-- People who may enter the console. The password's Argon2id hash and the TOTP secret are sealed.
CREATE TABLE console_user (
    id                  TEXT   PRIMARY KEY,
    username            TEXT   NOT NULL UNIQUE,
    role                TEXT   NOT NULL CHECK (role IN ('OWNER', 'OPERATOR', 'VIEWER')),
    password_hash       BLOB   NOT NULL,
    -- A password that someone else set is changed before anything else.
    must_change         BIGINT NOT NULL DEFAULT 0,
    totp_secret         BLOB,
    -- The last time step a number was taken for: a number counts once.
    totp_last_step      BIGINT,
    failed_logins       BIGINT NOT NULL DEFAULT 0,
    locked_until        BIGINT,
    created_at          BIGINT NOT NULL,
    password_changed_at BIGINT NOT NULL,
    last_login_at       BIGINT,
    disabled_at         BIGINT
);

-- A session is found by a mac of its cookie, under the keyring: the column is called `hash`, as for secrets. `step`: what it may do (see the store's `SessionStep`).
CREATE TABLE console_session (
    hash         BLOB   PRIMARY KEY,
    id           TEXT   NOT NULL UNIQUE,
    user_id      TEXT   NOT NULL REFERENCES console_user (id),
    step         TEXT   NOT NULL,
    -- A second factor that was shown here and not confirmed yet, sealed.
    totp_pending BLOB,
    origin       TEXT   NOT NULL,
    created_at   BIGINT NOT NULL,
    last_seen_at BIGINT NOT NULL,
    expires_at   BIGINT NOT NULL
);
CREATE INDEX console_session_of_user ON console_session (user_id);
CREATE INDEX console_session_by_end  ON console_session (expires_at);

-- The one-time key to the first owner's account, as a mac under the keyring. At most one row.
CREATE TABLE console_setup (
    id         BIGINT PRIMARY KEY CHECK (id = 1),
    hash       BLOB   NOT NULL,
    expires_at BIGINT NOT NULL
);

-- Administrative acts and reveals. Each entry's mac covers its fields and the mac before it.
CREATE TABLE audit (
    seq        BIGINT PRIMARY KEY,
    at         BIGINT NOT NULL,
    actor_kind TEXT   NOT NULL,
    actor_id   TEXT   NOT NULL,
    actor_name TEXT   NOT NULL,
    origin     TEXT   NOT NULL,
    action     TEXT   NOT NULL,
    subject    TEXT,
    store_id   TEXT,
    details    TEXT   NOT NULL,
    reason     BLOB,
    mac        BLOB   NOT NULL
);
CREATE INDEX audit_by_time ON audit (at);

-- The chain's own key, sealed, and its head. One row. The proof is a mac over the head: who has no key cannot set it back.
CREATE TABLE audit_chain (
    id         BIGINT PRIMARY KEY CHECK (id = 1),
    hmac_key   BLOB   NOT NULL,
    head_seq   BIGINT NOT NULL,
    head_mac   BLOB   NOT NULL,
    head_proof BLOB   NOT NULL
);

-- For the overview's figures and a store's daily limit.
CREATE INDEX event_of_calls     ON event (store_id, at) WHERE kind = 'asked_pg';
CREATE INDEX attempt_by_begin   ON attempt (store_id, begun_at);

-- For every filter of the list that may match few.
CREATE INDEX verification_by_status   ON identity_verification (store_id, status, requested_at, id);
CREATE INDEX verification_by_operator ON identity_verification (store_id, operator, requested_at, id);
CREATE INDEX verification_by_merchant ON identity_verification (store_id, pg_merchant_id, requested_at, id);
CREATE INDEX verification_by_kind     ON identity_verification (store_id, is_test, requested_at, id);
CREATE INDEX verification_by_year     ON identity_verification (birth_year_index, requested_at) WHERE birth_year_index IS NOT NULL;
CREATE INDEX verification_by_birthday ON identity_verification (birth_month_index, birth_day_index, birth_year_index, requested_at)
    WHERE birth_month_index IS NOT NULL;
