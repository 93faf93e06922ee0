//! The dev environment: fixed, so that tests can hard-code it, and public, so that `serve` refuses it.

/// A store with its API secret.
pub(crate) struct DevStore {
    pub id: &'static str,
    pub name: &'static str,
    pub api_secret: &'static str,
    pub secret_id: &'static str,
}

/// Both are TEST stores.
pub(crate) const STORES: [DevStore; 2] = [
    DevStore {
        id: "store-00000000-0000-4000-8000-000000000001",
        name: "개발용 상점",
        api_secret: "bonin-dev-secret-do-not-use-in-production",
        secret_id: "secret-00000000-0000-4000-8000-000000000001",
    },
    DevStore {
        id: "store-00000000-0000-4000-8000-000000000002",
        name: "개발용 상점 2",
        api_secret: "bonin-dev-secret-2-do-not-use-in-production",
        secret_id: "secret-00000000-0000-4000-8000-000000000002",
    },
];

/// A channel of the first store, and what it can do.
pub(crate) struct DevChannel {
    pub id: &'static str,
    pub key: &'static str,
    pub name: &'static str,
    pub hub: bool,
    pub window: bool,
}

pub(crate) const CHANNELS: [DevChannel; 3] = [
    DevChannel {
        id: "channel-id-00000000-0000-4000-8000-000000000001",
        key: "channel-key-00000000-0000-4000-8000-000000000001",
        name: "KCP 샌드박스",
        hub: true,
        window: true,
    },
    DevChannel {
        id: "channel-id-00000000-0000-4000-8000-000000000002",
        key: "channel-key-00000000-0000-4000-8000-000000000002",
        name: "KCP 샌드박스 (표준창)",
        hub: false,
        window: true,
    },
    DevChannel {
        id: "channel-id-00000000-0000-4000-8000-000000000003",
        key: "channel-key-00000000-0000-4000-8000-000000000003",
        name: "KCP 샌드박스 (허브)",
        hub: true,
        window: false,
    },
];

/// KCP's public test merchant, whom the sandbox knows from the start.
pub(crate) const SITE_CD: &str = "AO7F3";
/// The console's login.
pub(crate) const CONSOLE_USERNAME: &str = "admin";
pub(crate) const CONSOLE_PASSWORD: &str = "bonin-dev-console";
