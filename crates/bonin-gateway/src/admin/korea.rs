//! Time in Korea, where days begin nine hours before UTC's. There is no summer time.

use jiff::{
    SignedDuration, Timestamp,
    civil::Date,
    tz::{self, Offset},
};

/// How far clocks there are ahead of UTC.
pub(super) const AHEAD: SignedDuration = SignedDuration::from_hours(9);

const OFFSET: Offset = tz::offset(9);

/// The day of a moment.
pub(super) fn day(at: Timestamp) -> Date {
    OFFSET.to_datetime(at).date()
}

/// When a day begins.
pub(super) fn midnight(day: Date) -> Timestamp {
    let midnight = day.to_datetime(jiff::civil::Time::midnight());
    OFFSET.to_timestamp(midnight).unwrap_or(Timestamp::MAX)
}
