use std::time::{Duration, Instant};

use bonin_kcp::codes::CommId;

use super::{Person, Way};
use crate::bounded::Bounded;
use crate::hub::Refusal;
use crate::random::{self, NoRandomness};

/// How many registrations are remembered: at most 7 KiB each.
const MAX_REGISTRATIONS: usize = 3_000;
/// How many order numbers are remembered, so that none is used twice.
const MAX_ORDERS: usize = 20_000;

/// The window's registrations, and the windows that were opened with them.
pub(crate) struct Windows {
    /// By `reg_cert_key`.
    registrations: Bounded<String, Registration>,
    /// `site_cd` and `ordr_idxx` of every registration.
    orders: Bounded<(String, String), ()>,
    /// By their id.
    open: Bounded<String, Window>,
}

/// What a merchant registered, and what came of it.
#[derive(Clone)]
pub(crate) struct Registration {
    pub(crate) site_cd: String,
    pub(crate) ordr_idxx: String,
    pub(crate) ret_url: String,
    pub(crate) web_siteid: Option<String>,
    pub(crate) param_opts: [String; 3],
    pub(crate) at: Instant,
    /// Whether a window was opened with it, which happens once.
    pub(crate) is_opened: bool,
    pub(crate) end: Option<End>,
}

/// How a window ended.
#[derive(Clone)]
pub(crate) enum End {
    /// The person showed that the phone is in their hand.
    Verified(Verified),
    /// The person cancelled.
    Cancelled,
}

#[derive(Clone)]
pub(crate) struct Verified {
    pub(crate) per_cert_no: String,
    pub(crate) person: Person,
}

/// How far somebody has come in a window.
#[derive(Clone)]
pub(crate) struct Window {
    pub(crate) reg_cert_key: String,
    pub(crate) operator: Option<CommId>,
    pub(crate) has_agreed: bool,
    pub(crate) way: Option<Way>,
    /// Once an SMS or a PASS request has left.
    pub(crate) per_cert_no: Option<String>,
    /// How many SMS and PASS requests have left.
    pub(crate) sent: u32,
}

/// Why there is no window to show.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum NoWindow {
    /// Nobody registered it, or it was forgotten.
    Unknown,
    /// A window was opened with it before.
    Used,
    /// It is too old.
    Expired,
}

impl Default for Windows {
    fn default() -> Self {
        Self {
            registrations: Bounded::new(MAX_REGISTRATIONS),
            orders: Bounded::new(MAX_ORDERS),
            open: Bounded::new(MAX_REGISTRATIONS),
        }
    }
}

impl Windows {
    /// Remembers a registration and gives it its `reg_cert_key`. An order number is good for one.
    pub(crate) fn register(&mut self, registration: Registration) -> Result<String, Refusal> {
        let order = (registration.site_cd.clone(), registration.ordr_idxx.clone());
        if self.orders.get(&order).is_some() {
            return Err(Refusal::Order(
                "ordr_idxx: 이미 등록한 주문번호입니다. 등록할 때마다 새 주문번호를 보내 주세요.",
            ));
        }
        let key = random::token()?;
        self.orders.insert(order, ());
        self.registrations.insert(key.clone(), registration);
        Ok(key)
    }

    /// The registration of a key, however old.
    pub(crate) fn known(&self, reg_cert_key: &str) -> Option<&Registration> {
        self.registrations.get(reg_cert_key)
    }

    /// The registration of a key, if it is younger than `ttl`.
    pub(crate) fn registration(
        &self,
        reg_cert_key: &str,
        ttl: Duration,
    ) -> Result<&Registration, NoWindow> {
        let registration = self.known(reg_cert_key).ok_or(NoWindow::Unknown)?;
        if registration.at.elapsed() >= ttl {
            return Err(NoWindow::Expired);
        }
        Ok(registration)
    }

    /// Opens a window, which a key does once, and gives it its id, if there is randomness for one.
    pub(crate) fn open(
        &mut self,
        reg_cert_key: &str,
        ttl: Duration,
    ) -> Result<Result<String, NoRandomness>, NoWindow> {
        if self.registration(reg_cert_key, ttl)?.is_opened {
            return Err(NoWindow::Used);
        }
        let id = match random::token() {
            Ok(id) => id,
            Err(error) => return Ok(Err(error)),
        };
        if let Some(registration) = self.registrations.get_mut(reg_cert_key) {
            registration.is_opened = true;
        }
        let window = Window {
            reg_cert_key: reg_cert_key.to_owned(),
            operator: None,
            has_agreed: false,
            way: None,
            per_cert_no: None,
            sent: 0,
        };
        self.open.insert(id.clone(), window);
        Ok(Ok(id))
    }

    /// An open window and its registration.
    pub(crate) fn visit(
        &self,
        id: &str,
        ttl: Duration,
    ) -> Result<(&Window, &Registration), NoWindow> {
        let window = self.open.get(id).ok_or(NoWindow::Unknown)?;
        let registration = self.registration(&window.reg_cert_key, ttl)?;
        Ok((window, registration))
    }

    /// Changes a window, if it is still there.
    pub(crate) fn change(&mut self, id: &str, change: impl FnOnce(&mut Window)) {
        if let Some(window) = self.open.get_mut(id) {
            change(window);
        }
    }

    /// Ends a window. The first end counts.
    pub(crate) fn end(&mut self, id: &str, end: End) {
        if let Some(window) = self.open.get(id)
            && let Some(registration) = self.registrations.get_mut(&window.reg_cert_key)
        {
            registration.end.get_or_insert(end);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOUR: Duration = Duration::from_secs(3600);

    fn registration(ordr_idxx: &str) -> Registration {
        Registration {
            site_cd: "AO7F3".into(),
            ordr_idxx: ordr_idxx.into(),
            ret_url: "http://127.0.0.1/return".into(),
            web_siteid: None,
            param_opts: Default::default(),
            at: Instant::now(),
            is_opened: false,
            end: None,
        }
    }

    #[test]
    fn a_key_opens_one_window_and_only_in_time() {
        let mut windows = Windows::default();
        let key = windows.register(registration("1")).unwrap();
        assert_eq!(windows.open(&key, Duration::ZERO), Err(NoWindow::Expired));
        assert_eq!(windows.open("another", HOUR), Err(NoWindow::Unknown));
        let id = windows.open(&key, HOUR).unwrap().unwrap();
        assert_eq!(windows.open(&key, HOUR), Err(NoWindow::Used));
        assert!(windows.visit(&id, HOUR).is_ok());
        assert_eq!(
            windows.visit(&id, Duration::ZERO).err(),
            Some(NoWindow::Expired)
        );
        assert_eq!(windows.visit(&key, HOUR).err(), Some(NoWindow::Unknown));
    }

    #[test]
    fn an_order_number_is_good_for_one_registration() {
        let mut windows = Windows::default();
        windows.register(registration("1")).unwrap();
        assert!(windows.register(registration("1")).is_err());
        assert!(windows.register(registration("2")).is_ok());
        let other = Registration {
            site_cd: "T1".into(),
            ..registration("1")
        };
        assert!(windows.register(other).is_ok());
    }

    #[test]
    fn the_first_end_of_a_window_counts() {
        let mut windows = Windows::default();
        let key = windows.register(registration("1")).unwrap();
        let id = windows.open(&key, HOUR).unwrap().unwrap();
        windows.end(&id, End::Cancelled);
        windows.end(
            &id,
            End::Verified(Verified {
                per_cert_no: "1".into(),
                person: Person::made_up("홍길동", "01012345678", CommId::Skt),
            }),
        );
        let (_, registration) = windows.visit(&id, HOUR).unwrap();
        assert!(matches!(registration.end, Some(End::Cancelled)));
    }
}
