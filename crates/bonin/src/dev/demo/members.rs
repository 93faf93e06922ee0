//! Who has been here before, known by their DI: the same person has the same one at the same site.

use std::collections::VecDeque;

use bonin_core::Redacted;

/// A demo keeps this in memory only, and not without end.
const MOST: usize = 1000;

struct Member {
    di: Redacted,
    visits: u32,
    /// The verification of the last visit: asking for it again is no further visit.
    last: String,
}

/// The longest known first.
#[derive(Default)]
pub(super) struct Members(VecDeque<Member>);

impl Members {
    /// Notes a visit, and says how many there were.
    pub(super) fn visit(&mut self, di: &str, verification: &str) -> u32 {
        if let Some(member) = self.0.iter_mut().find(|member| member.di.expose() == di) {
            if member.last != verification {
                member.visits = member.visits.saturating_add(1);
                verification.clone_into(&mut member.last);
            }
            return member.visits;
        }
        if self.0.len() >= MOST {
            self.0.pop_front();
        }
        self.0.push_back(Member {
            di: Redacted::new(di),
            visits: 1,
            last: verification.to_owned(),
        });
        1
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_person_is_recognised_and_a_reload_is_no_visit() {
        let mut members = Members::default();
        assert_eq!(members.visit("di-1", "iv1"), 1);
        assert_eq!(members.visit("di-1", "iv1"), 1);
        assert_eq!(members.visit("di-2", "iv2"), 1);
        assert_eq!(members.visit("di-1", "iv3"), 2);
    }

    #[test]
    fn only_so_many_are_remembered() {
        let mut members = Members::default();
        for number in 0..=MOST {
            members.visit(&format!("di-{number}"), "iv");
        }
        assert_eq!(members.0.len(), MOST);
        assert_eq!(members.visit("di-0", "iv2"), 1);
        assert_eq!(members.visit(&format!("di-{MOST}"), "iv2"), 2);
    }
}
