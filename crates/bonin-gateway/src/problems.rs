//! What is wrong with what was filled in, told by field.

/// A field that was filled in wrongly, and what would be right, in Korean. Never what was given.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// The field's name, as forms and the shell's flags spell it: `siteCd`, `privateKey`.
    pub field: &'static str,
    /// What is wrong and what would be right.
    pub message: String,
}

/// All that is wrong with what was given, collected before anything is refused.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Problems(pub Vec<Problem>);

impl Problems {
    /// One more.
    pub fn add(&mut self, field: &'static str, message: impl Into<String>) {
        self.0.push(Problem {
            field,
            message: message.into(),
        });
    }

    /// What is wrong with one field.
    pub fn of(&self, field: &str) -> Option<&str> {
        let mut all = self.0.iter();
        all.find(|problem| problem.field == field)
            .map(|problem| problem.message.as_str())
    }
}
