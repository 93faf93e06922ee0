//! What callgrind says, and what that means beside the file.

/// The total of a run, from callgrind's log.
pub(super) fn collected(log: &str) -> Option<u64> {
    let line = log
        .lines()
        .find_map(|line| line.split_once("Collected : "))?;
    line.1.trim().parse().ok()
}

/// A count beside the one in the file, in percent.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Change {
    Within(f64),
    /// So much lower that the file no longer guards.
    Lower(f64),
    Higher(f64),
    New,
}

pub(super) fn change(before: Option<u64>, now: u64, margin: f64) -> Change {
    let Some(before) = before.filter(|before| *before > 0) else {
        return Change::New;
    };
    let percent = (now as f64 / before as f64 - 1.0) * 100.0;
    match percent {
        p if p > margin => Change::Higher(p),
        p if p < -margin => Change::Lower(p),
        p => Change::Within(p),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_total_is_found_in_callgrinds_log() {
        let log = "==7== Events    : Ir\n==7== Collected : 123456789\n==7== \n==7== I   refs:      123,456,789\n";
        assert_eq!(collected(log), Some(123_456_789));
        assert_eq!(collected("==7== Events    : Ir\n"), None);
    }

    #[test]
    fn a_count_may_be_as_much_higher_as_the_margin_says() {
        assert!(matches!(change(Some(1000), 1049, 5.0), Change::Within(_)));
        assert!(matches!(change(Some(1000), 1060, 5.5), Change::Higher(_)));
        assert!(matches!(change(Some(1000), 1000, 5.0), Change::Within(_)));
        assert!(matches!(change(Some(1000), 900, 5.0), Change::Lower(_)));
        assert_eq!(change(None, 900, 5.0), Change::New);
        assert_eq!(change(Some(0), 900, 5.0), Change::New);
    }
}
