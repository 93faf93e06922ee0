-- Who is told of a store's verifications, what they are told, and how telling them went.

-- An address that is told. People put tokens into addresses, so it is sealed, as its secrets are. `number` counts a store's
-- endpoints and ends the ids of their deliveries. `events` is a list of words with a space on either side of each:
-- ' READY VERIFIED FAILED '.
CREATE TABLE webhook_endpoint (
    id              TEXT   PRIMARY KEY,
    store_id        TEXT   NOT NULL REFERENCES store (id),
    number          BIGINT NOT NULL,
    url             BLOB   NOT NULL,
    events          TEXT   NOT NULL,
    -- Null once the endpoint is put away.
    secret          BLOB,
    -- Signs beside the new one until then.
    previous_secret BLOB,
    previous_until  BIGINT,
    created_at      BIGINT NOT NULL,
    updated_at      BIGINT NOT NULL,
    -- Since when no try has succeeded, though there were some.
    failing_since   BIGINT,
    paused_at       BIGINT,
    pause_cause     TEXT,
    retired_at      BIGINT,
    UNIQUE (store_id, number)
);

-- One message to one endpoint; its id is the `webhook-id`. Written in the transaction that changes the verification. While
-- a try is under way `lease_token` says whose it is, and `next_at` when it may be anybody's again.
CREATE TABLE webhook_delivery (
    id              TEXT   PRIMARY KEY,
    endpoint_id     TEXT   NOT NULL REFERENCES webhook_endpoint (id),
    store_id        TEXT   NOT NULL,
    -- Null for a test event, which is about no verification.
    verification_id TEXT,
    tx_id           TEXT,
    event           TEXT   NOT NULL,
    happened_at     BIGINT NOT NULL,
    state           TEXT   NOT NULL,
    tries           BIGINT NOT NULL DEFAULT 0,
    -- Tries since it was written, or asked for again.
    round_tries     BIGINT NOT NULL DEFAULT 0,
    -- 1: somebody asked for it and waits. It goes before others, and to an endpoint that is paused, too.
    urgent          BIGINT NOT NULL DEFAULT 0,
    next_at         BIGINT,
    lease_token     TEXT,
    ended_at        BIGINT
);
CREATE INDEX webhook_delivery_due       ON webhook_delivery (endpoint_id, urgent, next_at) WHERE state = 'PENDING';
CREATE INDEX webhook_delivery_by_time   ON webhook_delivery (endpoint_id, happened_at, id);
CREATE INDEX webhook_delivery_waiting   ON webhook_delivery (endpoint_id, happened_at, id) WHERE state = 'PENDING';
CREATE INDEX webhook_delivery_delivered ON webhook_delivery (endpoint_id, happened_at, id) WHERE state = 'DELIVERED';
CREATE INDEX webhook_delivery_failed    ON webhook_delivery (endpoint_id, happened_at, id) WHERE state = 'GAVE_UP';
CREATE INDEX webhook_delivery_dropped   ON webhook_delivery (endpoint_id, happened_at, id) WHERE state = 'DROPPED';
CREATE INDEX webhook_delivery_by_event  ON webhook_delivery (endpoint_id, event, happened_at, id);
CREATE INDEX webhook_delivery_of        ON webhook_delivery (endpoint_id, verification_id, happened_at, id);
CREATE INDEX webhook_delivery_ended     ON webhook_delivery (ended_at) WHERE ended_at IS NOT NULL;

-- One request and what came of it: the status of the answer, or why there was none. Never the answer itself, which may hold
-- anything.
CREATE TABLE webhook_try (
    delivery_id TEXT   NOT NULL REFERENCES webhook_delivery (id) ON DELETE CASCADE,
    number      BIGINT NOT NULL,
    at          BIGINT NOT NULL,
    millis      BIGINT NOT NULL,
    status      BIGINT,
    failure     TEXT,
    PRIMARY KEY (delivery_id, number)
);
