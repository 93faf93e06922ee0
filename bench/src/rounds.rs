//! What several rounds gave: the middle one, and how far they lay apart.

use std::time::Duration;

/// One figure, measured several times.
#[derive(Debug, Clone, Default)]
pub(crate) struct Rounds(Vec<f64>);

impl Rounds {
    pub(crate) fn push(&mut self, value: f64) {
        self.0.push(value);
    }

    /// Microseconds.
    pub(crate) fn push_time(&mut self, took: Duration) {
        self.push(took.as_secs_f64() * 1e6);
    }

    fn sorted(&self) -> Vec<f64> {
        let mut sorted = self.0.clone();
        sorted.sort_by(f64::total_cmp);
        sorted
    }

    /// The middle, or what lies between the two in the middle.
    pub(crate) fn median(&self) -> f64 {
        let sorted = self.sorted();
        let middle = sorted.len() / 2;
        match (sorted.get(middle), sorted.len() % 2) {
            (None, _) => f64::NAN,
            (Some(upper), 0) => (sorted[middle - 1] + upper) / 2.0,
            (Some(middle), _) => *middle,
        }
    }

    /// How far the lowest and the highest lie apart, as a part of the middle.
    pub(crate) fn spread(&self) -> f64 {
        let sorted = self.sorted();
        match (sorted.first(), sorted.last()) {
            (Some(low), Some(high)) if self.median() != 0.0 => (high - low) / self.median(),
            _ => 0.0,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(values: &[f64]) -> Rounds {
        Rounds(values.to_vec())
    }

    #[test]
    fn the_median_is_the_middle_one_in_any_order() {
        assert_eq!(of(&[3.0, 1.0, 2.0]).median(), 2.0);
        assert_eq!(of(&[4.0, 1.0, 2.0, 3.0]).median(), 2.5);
        assert_eq!(of(&[7.0]).median(), 7.0);
        assert!(of(&[]).median().is_nan());
    }

    #[test]
    fn the_spread_is_a_part_of_the_median() {
        assert_eq!(of(&[90.0, 100.0, 120.0]).spread(), 0.3);
        assert_eq!(of(&[5.0]).spread(), 0.0);
        assert_eq!(of(&[]).spread(), 0.0);
    }
}
