//! Everything that the sandbox remembers: people, merchants, certifications, the phone, settings, faults. All of it in
//! memory, all of it bounded.

mod certification;
mod fault;
mod merchant;
mod person;
mod phone;
mod settings;
mod window;

pub(crate) use certification::{Certification, Otp, Stage, Way};
pub(crate) use fault::{Call, Endpoint, Fault, FaultKind, Faults};
pub(crate) use merchant::{CertificateLife, Merchant};
pub(crate) use person::{Person, parse_birth_date, parse_gender, parse_operator, parse_phone};
pub(crate) use phone::{PassRequest, PassState, Sms};
pub(crate) use settings::Settings;
pub(crate) use window::{End, NoWindow, Registration, Verified, Window, Windows};

use crate::bounded::Bounded;

const MAX_PEOPLE: usize = 10_000;
const MAX_MERCHANTS: usize = 200;
const MAX_CERTIFICATIONS: usize = 10_000;
const MAX_MESSAGES: usize = 2_000;

/// The sandbox's whole state.
pub(crate) struct World {
    /// As it was made at the start, for a reset.
    original_merchant: Merchant,
    /// Never forgotten, but it can be changed.
    default_merchant: Merchant,
    pub(crate) other_merchants: Bounded<String, Merchant>,
    pub(crate) people: Bounded<String, Person>,
    pub(crate) certifications: Bounded<String, Certification>,
    pub(crate) messages: Bounded<String, Sms>,
    pub(crate) pass_requests: Bounded<String, PassRequest>,
    pub(crate) windows: Windows,
    pub(crate) settings: Settings,
    pub(crate) faults: Faults,
}

impl World {
    /// As at the start: one merchant, nobody known, nothing sent.
    pub(crate) fn at_the_start(default_merchant: Merchant) -> Self {
        Self {
            original_merchant: default_merchant.clone(),
            default_merchant,
            other_merchants: Bounded::new(MAX_MERCHANTS),
            people: Bounded::new(MAX_PEOPLE),
            certifications: Bounded::new(MAX_CERTIFICATIONS),
            messages: Bounded::new(MAX_MESSAGES),
            pass_requests: Bounded::new(MAX_MESSAGES),
            windows: Windows::default(),
            settings: Settings::default(),
            faults: Faults::default(),
        }
    }

    /// Back to the start. The default merchant gets back the key it was made with.
    pub(crate) fn reset(&mut self) {
        *self = Self::at_the_start(self.original_merchant.clone());
    }

    pub(crate) fn merchant(&self, site_cd: &str) -> Option<&Merchant> {
        if site_cd == self.default_merchant.site_cd {
            return Some(&self.default_merchant);
        }
        self.other_merchants.get(site_cd)
    }

    pub(crate) fn merchant_mut(&mut self, site_cd: &str) -> Option<&mut Merchant> {
        if site_cd == self.default_merchant.site_cd {
            return Some(&mut self.default_merchant);
        }
        self.other_merchants.get_mut(site_cd)
    }

    pub(crate) fn merchants(&self) -> impl Iterator<Item = &Merchant> {
        std::iter::once(&self.default_merchant).chain(self.other_merchants.oldest_first())
    }
}
