//! What was found, as a table, as JSON and as a picture.

pub(crate) mod document;
pub(crate) mod picture;
pub(crate) mod table;

use serde::Serialize;
use serde_json::Value;

use crate::{failure::Result, machine::Machine};

/// What a figure should be.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
#[serde(rename_all = "camelCase", tag = "bound", content = "value")]
pub(crate) enum Target {
    AtLeast(f64),
    AtMost(f64),
}

/// What a figure counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub(crate) enum Unit {
    /// How many times what it is held against.
    #[serde(rename = "times")]
    Times,
    #[serde(rename = "MiB")]
    Mebibytes,
    #[serde(rename = "s")]
    Seconds,
}

/// Whether a target was met.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Verdict {
    Met,
    /// By so much of the target.
    MissedBy(f64),
}

/// One line.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct Figure {
    /// What was measured.
    pub(crate) what: String,
    /// What came out, in words.
    pub(crate) found: String,
    /// What it is held against, in words.
    pub(crate) against: String,
    /// The figure that the target is about.
    pub(crate) value: Option<f64>,
    pub(crate) unit: Unit,
    /// `None`: reported alone.
    pub(crate) target: Option<Target>,
    /// How far the rounds lay apart, as a part of the median.
    pub(crate) spread: Option<f64>,
}

impl Figure {
    /// Something that is reported alone.
    pub(crate) fn reported(what: impl Into<String>, found: impl Into<String>) -> Self {
        Self {
            what: what.into(),
            found: found.into(),
            against: String::new(),
            value: None,
            unit: Unit::Times,
            target: None,
            spread: None,
        }
    }

    pub(crate) fn against(mut self, what: impl Into<String>) -> Self {
        self.against = what.into();
        self
    }

    pub(crate) fn value(mut self, value: f64, unit: Unit) -> Self {
        (self.value, self.unit) = (Some(value), unit);
        self
    }

    pub(crate) fn target(mut self, target: Target) -> Self {
        self.target = Some(target);
        self
    }

    pub(crate) fn spread(mut self, spread: f64) -> Self {
        self.spread = Some(spread);
        self
    }

    /// Whether the target was met, where there is one.
    pub(crate) fn verdict(&self) -> Option<Verdict> {
        let (value, target) = (self.value?, self.target?);
        let missed_by = match target {
            Target::AtLeast(least) => 1.0 - value / least,
            Target::AtMost(most) => value / most - 1.0,
        };
        // A value that is no number has met nothing.
        let met = match target {
            Target::AtLeast(least) => value >= least,
            Target::AtMost(most) => value <= most,
        };
        Some(if met {
            Verdict::Met
        } else {
            Verdict::MissedBy(missed_by)
        })
    }
}

/// All of it.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct Report {
    pub(crate) machine: Machine,
    pub(crate) command: String,
    pub(crate) date: String,
    pub(crate) figures: Vec<Figure>,
    /// What has to be known to read the figures.
    pub(crate) warnings: Vec<String>,
}

impl Report {
    pub(crate) fn new(machine: Machine, command: String, date: String) -> Self {
        Self {
            machine,
            command,
            date,
            figures: Vec::new(),
            warnings: Vec::new(),
        }
    }

    /// The same for machines, with what became of each target.
    pub(crate) fn json(&self) -> Result<Value> {
        let mut json = serde_json::to_value(self)?;
        for (n, figure) in self.figures.iter().enumerate() {
            if let Some(verdict) = figure.verdict() {
                json["figures"][n]["met"] = (verdict == Verdict::Met).into();
            }
        }
        Ok(json)
    }

    pub(crate) fn add(&mut self, figure: Figure) {
        self.figures.push(figure);
    }

    /// Warns where this tool itself was so busy that it may have held the server back.
    pub(crate) fn note_own_share(&mut self, what: &str, share: f64) {
        const TOO_MUCH: f64 = 0.8;
        if share > TOO_MUCH {
            self.warnings.push(format!(
                "{what}: the load tool itself took {:.0} % of a core; a server that could do more may have waited for it",
                share * 100.0
            ));
        }
    }
}

#[cfg(test)]
pub(crate) fn example() -> Report {
    let machine = Machine {
        processor: "A <processor> & more".to_owned(),
        cores: 2,
        memory: "23 GiB".to_owned(),
        system: "Linux 6.1".to_owned(),
    };
    let mut report = Report::new(
        machine,
        "bonin-bench all".to_owned(),
        "2026-11-23".to_owned(),
    );
    report.add(
        Figure::reported("lookup | by id", "9,000 a second")
            .against("20,000 a second")
            .value(0.45, Unit::Times)
            .target(Target::AtLeast(0.5))
            .spread(0.034),
    );
    let memory = Figure::reported("memory", "31.5 MiB").value(31.5, Unit::Mebibytes);
    report.add(memory.target(Target::AtMost(40.0)));
    report.add(Figure::reported("webhooks", "800 a second"));
    report.warnings.push("busy".to_owned());
    report
}

#[cfg(test)]
mod tests {
    use super::*;

    fn verdict(value: f64, target: Target) -> Verdict {
        Figure::reported("", "")
            .value(value, Unit::Times)
            .target(target)
            .verdict()
            .unwrap()
    }

    #[test]
    fn a_verdict_says_by_how_much_a_target_was_missed() {
        assert_eq!(verdict(0.5, Target::AtLeast(0.5)), Verdict::Met);
        assert_eq!(verdict(0.25, Target::AtLeast(0.5)), Verdict::MissedBy(0.5));
        assert_eq!(verdict(3.0, Target::AtMost(3.0)), Verdict::Met);
        assert_eq!(verdict(4.5, Target::AtMost(3.0)), Verdict::MissedBy(0.5));
    }

    #[test]
    fn what_is_no_number_has_met_nothing() {
        for target in [Target::AtLeast(0.5), Target::AtMost(3.0)] {
            assert!(matches!(verdict(f64::NAN, target), Verdict::MissedBy(_)));
        }
    }

    #[test]
    fn what_has_no_target_has_no_verdict() {
        assert_eq!(
            Figure::reported("a", "b").value(1.0, Unit::Times).verdict(),
            None
        );
    }

    #[test]
    fn machines_are_told_what_became_of_each_target() {
        let json = example().json().unwrap();
        let figures = &json["figures"];
        assert_eq!(figures[0]["met"], false);
        assert_eq!(figures[0]["target"]["bound"], "atLeast");
        assert_eq!(figures[1]["met"], true);
        assert_eq!(figures[1]["unit"], "MiB");
        assert!(figures[2].get("met").is_none());
        assert_eq!(json["machine"]["cores"], 2);
    }

    #[test]
    fn a_busy_tool_is_warned_of() {
        let mut report = example();
        report.warnings.clear();
        report.note_own_share("lookup", 0.79);
        assert!(report.warnings.is_empty());
        report.note_own_share("lookup", 0.93);
        assert!(report.warnings[0].contains("93 %"));
    }
}
