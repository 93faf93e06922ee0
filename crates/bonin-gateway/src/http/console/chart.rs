//! Charts: drawn as SVG for the eye, told in words and tables for everyone.

use jiff::Timestamp;
use maud::{Markup, html};

use super::words::{korean, number, percent};
use crate::admin::{Period, Tally};

/// Success rates, one bar a line, with the numbers beside it.
pub(super) fn rates(lines: &[(&str, Tally)]) -> Markup {
    html! {
        ul.rates {
            @for (name, tally) in lines {
                li {
                    span.name { (name) }
                    @match tally.permille() {
                        Some(permille) => {
                            span.rate { (percent(permille)) }
                            svg.bar viewBox="0 0 1000 10" preserveAspectRatio="none" aria-hidden="true" {
                                rect.no width="1000" height="10" {}
                                rect.ok width=(permille) height="10" {}
                            }
                        }
                        None => span.rate.soft { "아직 끝난 시도가 없습니다" },
                    }
                    span.counts {
                        "성공 " (number(tally.verified)) " · 실패 " (number(tally.failed))
                        @if tally.open > 0 { " · 진행 중 " (number(tally.open)) }
                        @if tally.replaced > 0 { " · 바뀜 " (number(tally.replaced)) }
                    }
                }
            }
        }
    }
}

/// How high the chart is drawn, in units of its own.
const HEIGHT: i64 = 100;
/// How wide one step is.
const STEP: i64 = 10;

/// Tries by hour or day, as columns; and the same as a table.
pub(super) fn course(period: Period, course: &[(Timestamp, Tally)]) -> Markup {
    let highest = course.iter().map(|(_, tally)| tally.all()).max();
    let highest = highest.unwrap_or_default().max(1);
    // The hours to come are drawn empty: the day stays as wide as it is.
    let steps = match period {
        Period::Today => course.len().max(24),
        Period::Week | Period::Month => course.len(),
    };
    let width = i64::try_from(steps).unwrap_or(1).max(1) * STEP;
    let title = match period {
        Period::Today => "시간별 시도",
        Period::Week | Period::Month => "날짜별 시도",
    };
    html! {
        figure.chart {
            p.legend aria-hidden="true" {
                span.key.ok { "성공" } span.key.no { "실패" } span.key.open { "진행 중·바뀜" }
                span.most { "가장 많은 때 " (number(highest)) "건" }
            }
            svg.columns role="img" aria-labelledby="course-title course-words" viewBox={ "0 0 " (width) " " (HEIGHT) } preserveAspectRatio="none" {
                title #course-title { (title) }
                desc #course-words { (words(period, course)) }
                @for (at, (begins, tally)) in (0i64..).zip(course) {
                    (column(at * STEP, tally, highest, &label(period, *begins)))
                }
            }
            div.axis aria-hidden="true" {
                @for at in 0..steps { span { (tick(period, course, at)) } }
            }
        }
        details {
            summary { "표로 보기" }
            table.list {
                caption.visually-hidden { (title) }
                thead { tr {
                    th scope="col" { @if period == Period::Today { "시각" } @else { "날짜" } }
                    th.number scope="col" { "시작" } th.number scope="col" { "성공" } th.number scope="col" { "실패" } th.number scope="col" { "진행 중·바뀜" }
                } }
                tbody {
                    @for (begins, tally) in course {
                        tr {
                            th scope="row" { (label(period, *begins)) }
                            td.number data-label="시작" { (number(tally.all())) }
                            td.number data-label="성공" { (number(tally.verified)) }
                            td.number data-label="실패" { (number(tally.failed)) }
                            td.number data-label="진행 중·바뀜" { (number(tally.open + tally.replaced)) }
                        }
                    }
                }
            }
        }
    }
}

/// One step: what succeeded below, what failed on it, what has not ended on top.
fn column(x: i64, tally: &Tally, highest: i64, name: &str) -> Markup {
    let parts = [
        ("ok", tally.verified),
        ("no", tally.failed),
        ("open", tally.open + tally.replaced),
    ];
    let mut below = 0;
    let mut drawn = Vec::new();
    for (class, count) in parts {
        // From edge to edge, so that rounding leaves no gap.
        let (from, to) = (below * HEIGHT / highest, (below + count) * HEIGHT / highest);
        below += count;
        if count > 0 {
            // What happened once is to be seen among thousands.
            let height = (to - from).max(1);
            drawn.push((class, HEIGHT - from - height, height));
        }
    }
    html! {
        @if !drawn.is_empty() {
            g {
                title { (name) ": 성공 " (number(tally.verified)) ", 실패 " (number(tally.failed)) ", 진행 중·바뀜 " (number(tally.open + tally.replaced)) }
                @for (class, y, height) in drawn {
                    rect class=(class) x=(x + 1) y=(y) width=(STEP - 2) height=(height) {}
                }
            }
        }
    }
}

/// The chart in a sentence.
fn words(period: Period, course: &[(Timestamp, Tally)]) -> String {
    let all: i64 = course.iter().map(|(_, tally)| tally.all()).sum();
    // Of several the earliest.
    let busiest = course.iter().rev().max_by_key(|(_, tally)| tally.all());
    match busiest {
        Some((begins, tally)) if all > 0 => format!(
            "시도는 모두 {}건이고, 가장 많은 때는 {}의 {}건입니다. 아래 표에 같은 숫자가 있습니다.",
            number(all),
            label(period, *begins),
            number(tally.all())
        ),
        _ => "시도가 없습니다.".to_owned(),
    }
}

fn label(period: Period, begins: Timestamp) -> String {
    let there = korean(begins);
    match period {
        Period::Today => format!("{}시", there.hour()),
        Period::Week | Period::Month => format!("{}월 {}일", there.month(), there.day()),
    }
}

/// What stands under a step. Not under every one: they would not fit.
fn tick(period: Period, course: &[(Timestamp, Tally)], at: usize) -> String {
    let (every, short) = match period {
        Period::Today => (6, false),
        Period::Week => (1, true),
        Period::Month => (7, true),
    };
    if !at.is_multiple_of(every) {
        return String::new();
    }
    match course.get(at) {
        Some((begins, _)) if short => {
            let there = korean(*begins);
            format!("{}/{}", there.month(), there.day())
        }
        _ => format!("{at}시"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn day() -> Vec<(Timestamp, Tally)> {
        let midnight: Timestamp = "2026-11-22T15:00:00Z".parse().unwrap();
        let hour = jiff::SignedDuration::from_hours(1);
        let tallies = [(0, 0), (3000, 1), (2, 0)].map(|(verified, failed)| Tally {
            verified,
            failed,
            ..Tally::default()
        });
        let begins = (0..).map(|at| midnight + hour * at);
        begins.zip(tallies).collect()
    }

    #[test]
    fn one_failure_among_thousands_is_drawn() {
        let drawn = course(Period::Today, &day()).into_string();
        assert!(
            drawn.contains(r#"<rect class="no" x="11" y="0""#),
            "{drawn}"
        );
        assert!(drawn.contains("1시: 성공 3,000, 실패 1"));
    }

    #[test]
    fn the_chart_is_told_in_a_sentence_and_in_a_table() {
        let drawn = course(Period::Today, &day()).into_string();
        assert!(drawn.contains("시도는 모두 3,003건이고, 가장 많은 때는 1시의 3,001건입니다."));
        assert_eq!(drawn.matches(r#"<th scope="row">"#).count(), 3);
    }

    #[test]
    fn a_day_without_tries_is_told_as_one() {
        let drawn = course(Period::Today, &[]).into_string();
        assert!(drawn.contains("시도가 없습니다."));
        assert!(!drawn.contains("<rect"));
    }

    #[test]
    fn where_nothing_has_ended_there_is_no_rate() {
        let open = Tally {
            open: 2,
            ..Tally::default()
        };
        let drawn = rates(&[("SKT", open)]).into_string();
        assert!(drawn.contains("아직 끝난 시도가 없습니다"));
        assert!(!drawn.contains("<rect"));
    }
}
