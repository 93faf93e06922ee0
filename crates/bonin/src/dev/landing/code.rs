//! Code that one reads and copies.

use maud::{Markup, html};

/// A block of code with a button that copies it, once the script is there.
pub(in crate::dev) fn figure(label: &str, code: &str) -> Markup {
    html! {
        figure.code {
            figcaption {
                span { (label) }
                button type="button" data-copy="code" hidden aria-label={ "복사: " (label) } { "복사" }
            }
            // Focusable, so that it can be scrolled from the keyboard.
            pre tabindex="0" role="region" aria-label=(label) { code { (dimmed(code)) } }
        }
    }
}

/// Comments on lines of their own step back.
fn dimmed(code: &str) -> Markup {
    html! {
        @for (number, line) in code.trim_end().lines().enumerate() {
            @if number > 0 { "\n" }
            @if is_comment(line) { span.comment { (line) } } @else { (line) }
        }
    }
}

fn is_comment(line: &str) -> bool {
    let line = line.trim_start();
    ["//", "# ", "<!--"]
        .iter()
        .any(|start| line.starts_with(start))
}
