//! The table, as Markdown.

use std::fmt::Write;

use super::{Figure, Report, Target, Unit, Verdict};

/// A number as people read it: three digits that count, thousands apart.
pub(crate) fn number(value: f64) -> String {
    if !value.is_finite() {
        return "–".to_owned();
    }
    let digits = match value.abs() {
        v if v >= 100.0 => 0,
        v if v >= 10.0 => 1,
        v if v >= 1.0 => 2,
        _ => 3,
    };
    let text = format!("{value:.digits$}");
    let (whole, rest) = text.split_at(text.find('.').unwrap_or(text.len()));
    let mut apart = String::new();
    for (n, c) in whole.chars().enumerate() {
        let left = whole.len() - n;
        if n > 0 && left % 3 == 0 && !apart.ends_with('-') {
            apart.push(',');
        }
        apart.push(c);
    }
    apart + rest
}

/// Microseconds as people read them.
pub(crate) fn micros(micros: f64) -> String {
    match micros {
        m if m >= 1e6 => format!("{} s", number(m / 1e6)),
        m if m >= 1e3 => format!("{} ms", number(m / 1e3)),
        m => format!("{} µs", number(m)),
    }
}

pub(crate) fn value(value: f64, unit: Unit) -> String {
    match unit {
        Unit::Times => format!("{} ×", number(value)),
        Unit::Mebibytes => format!("{} MiB", number(value)),
        Unit::Seconds => format!("{} s", number(value)),
    }
}

pub(crate) fn target(figure: &Figure) -> String {
    match figure.target {
        None => "–".to_owned(),
        Some(Target::AtLeast(least)) => format!("≥ {}", value(least, figure.unit)),
        Some(Target::AtMost(most)) => format!("≤ {}", value(most, figure.unit)),
    }
}

pub(crate) fn verdict(figure: &Figure) -> String {
    match figure.verdict() {
        None => String::new(),
        Some(Verdict::Met) => "met".to_owned(),
        Some(Verdict::MissedBy(part)) => format!("**missed by {:.0} %**", (part * 100.0).max(1.0)),
    }
}

fn cell(text: &str) -> String {
    text.replace('|', "\\|").replace('\n', " ")
}

/// The whole report.
pub(crate) fn markdown(report: &Report) -> String {
    let mut text = String::new();
    let machine = &report.machine;
    // Writing to a string cannot fail.
    let _ = write!(
        text,
        "Measured {} on {} ({} cores, {}, {}) by `{}`.\n\n",
        report.date,
        machine.processor,
        machine.cores,
        machine.memory,
        machine.system,
        report.command
    );
    text.push_str("| what | Bonin | held against | figure | spread | target | |\n");
    text.push_str("| --- | --- | --- | --- | --- | --- | --- |\n");
    for figure in &report.figures {
        let shown = figure
            .value
            .map_or(String::new(), |v| value(v, figure.unit));
        let spread = figure
            .spread
            .map_or(String::new(), |part| format!("{:.0} %", part * 100.0));
        let cells = [
            cell(&figure.what),
            cell(&figure.found),
            cell(&figure.against),
            shown,
            spread,
            target(figure),
            verdict(figure),
        ];
        let _ = writeln!(text, "| {} |", cells.join(" | "));
    }
    for warning in &report.warnings {
        let _ = write!(text, "\n> {warning}.\n");
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_have_as_many_digits_as_count() {
        let shown = [
            0.4567,
            1.0,
            3.456,
            12.34,
            123.4,
            1234.5,
            1_234_567.0,
            -1234.0,
        ]
        .map(number);
        assert_eq!(
            shown,
            [
                "0.457",
                "1.00",
                "3.46",
                "12.3",
                "123",
                "1,234",
                "1,234,567",
                "-1,234"
            ]
        );
        assert_eq!(number(f64::NAN), "–");
        assert_eq!(micros(12.0), "12.0 µs");
        assert_eq!(micros(1500.0), "1.50 ms");
        assert_eq!(micros(2_500_000.0), "2.50 s");
    }

    #[test]
    fn each_line_has_its_ratio_its_target_and_its_verdict() {
        let table = markdown(&super::super::example());
        assert!(table.contains(
            "| lookup \\| by id | 9,000 a second | 20,000 a second | 0.450 × | 3 % | ≥ 0.500 × | **missed by 10 %** |"
        ));
        assert!(table.contains("| memory | 31.5 MiB |  | 31.5 MiB |  | ≤ 40.0 MiB | met |"));
        assert!(table.contains("| webhooks | 800 a second |  |  |  | – |  |"));
        assert!(table.contains("\n> busy.\n"));
        assert!(table.starts_with("Measured 2026-11-23 on A <processor>"));
    }
}
