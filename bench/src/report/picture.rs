//! The targets as a picture: one bar for each, which ends left of the line where the target is met. SVG, readable on light and dark.

use std::fmt::Write;

use super::{Figure, Report, Target, Verdict, table};

const WIDTH: f64 = 860.0;
const ROW: f64 = 44.0;
const TOP: f64 = 56.0;
/// Where bars begin, and where the target's line is.
const LEFT: f64 = 24.0;
const LINE: f64 = 520.0;
const END: f64 = 836.0;

/// How much of what the target allows was used: at most 1 where it is met.
fn used(figure: &Figure) -> Option<f64> {
    let value = figure.value?;
    let used = match figure.target? {
        Target::AtLeast(least) => least / value,
        Target::AtMost(most) => value / most,
    };
    used.is_finite().then_some(used)
}

/// Text between tags.
fn escaped(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            c if c.is_control() => escaped.push(' '),
            c => escaped.push(c),
        }
    }
    escaped
}

/// The picture.
pub(crate) fn svg(report: &Report) -> String {
    let shown: Vec<(&Figure, f64)> = report
        .figures
        .iter()
        .filter_map(|figure| Some((figure, used(figure)?)))
        .collect();
    let height = TOP + ROW * shown.len() as f64 + 40.0;
    let mut svg = String::new();
    // Writing to a string cannot fail.
    let _ = write!(
        svg,
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {WIDTH} {height}\" role=\"img\" \
         font-family=\"system-ui, sans-serif\" font-size=\"13\">\n\
         <title>What Bonin uses of what each target allows</title>\n\
         <style>text{{fill:#1f2328}}.s{{fill:#59636e}}.b{{fill:#fff}}.m{{fill:#1a7f37}}.x{{fill:#cf222e}}.l{{stroke:#59636e}}\
         @media(prefers-color-scheme:dark){{text{{fill:#e6edf3}}.s{{fill:#9198a1}}.b{{fill:#0d1117}}.m{{fill:#3fb950}}\
         .x{{fill:#f85149}}.l{{stroke:#9198a1}}}}</style>\n\
         <rect class=\"b\" width=\"{WIDTH}\" height=\"{height}\"/>\n\
         <text x=\"{LEFT}\" y=\"26\" font-size=\"16\">What Bonin uses of what each target allows</text>\n\
         <text class=\"s\" x=\"{LINE}\" y=\"46\" text-anchor=\"middle\">target</text>\n"
    );
    for (n, (figure, used)) in shown.iter().enumerate() {
        let y = TOP + ROW * n as f64;
        let long = (used * (LINE - LEFT)).clamp(2.0, END - LEFT);
        let met = figure.verdict() == Some(Verdict::Met);
        let class = if met { "m" } else { "x" };
        let value = figure
            .value
            .map_or(String::new(), |v| table::value(v, figure.unit));
        let verdict = table::verdict(figure).replace("**", "");
        let _ = write!(
            svg,
            "<text x=\"{LEFT}\" y=\"{}\">{}</text>\n\
             <text class=\"s\" x=\"{END}\" y=\"{}\" text-anchor=\"end\">{}</text>\n\
             <rect class=\"{class}\" x=\"{LEFT}\" y=\"{}\" width=\"{long:.1}\" height=\"10\" rx=\"2\"/>\n",
            y + 16.0,
            escaped(&figure.what),
            y + 16.0,
            escaped(&format!(
                "{value} (target {}) {verdict}",
                table::target(figure)
            )),
            y + 22.0,
        );
    }
    let bottom = TOP + ROW * shown.len() as f64;
    let _ = write!(
        svg,
        "<line class=\"l\" x1=\"{LINE}\" x2=\"{LINE}\" y1=\"50\" y2=\"{bottom}\" stroke-dasharray=\"4 3\"/>\n\
         <text class=\"s\" x=\"{LEFT}\" y=\"{}\">{}</text>\n</svg>\n",
        bottom + 24.0,
        escaped(&format!(
            "{}, {} cores, {}",
            report.machine.processor, report.machine.cores, report.date
        )),
    );
    svg
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_cannot_leave_its_tag() {
        assert_eq!(escaped("a<b>&\"c\"\n"), "a&lt;b&gt;&amp;&quot;c&quot; ");
        let svg = svg(&super::super::example());
        assert!(svg.contains("A &lt;processor&gt; &amp; more"));
        assert!(!svg.contains("<processor>"));
    }

    #[test]
    fn a_bar_ends_at_the_line_where_the_target_is_just_met() {
        let report = super::super::example();
        assert_eq!(used(&report.figures[1]), Some(31.5 / 40.0));
        assert!((used(&report.figures[0]).unwrap() - 1.111).abs() < 0.001);
        assert_eq!(used(&report.figures[2]), None);
        let svg = svg(&report);
        assert_eq!(
            svg.matches("height=\"10\"").count(),
            2,
            "only what has a target is drawn"
        );
        assert!(svg.contains("<rect class=\"x\"") && svg.contains("<rect class=\"m\""));
        assert!(svg.starts_with("<svg ") && svg.ends_with("</svg>\n"));
    }
}
