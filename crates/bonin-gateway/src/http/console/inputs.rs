//! Fields of forms: each with its label, its hint, and beside it what is wrong with what was filled in.

use maud::{Markup, html};

use crate::admin::{Error, Problems};

/// One field as it stands in a form.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Input<'a> {
    /// Its name, which is its id too, and what [`Problems`] call it.
    pub name: &'a str,
    /// What people call it.
    pub label: &'a str,
    /// What stands in it. Never a credential.
    pub value: &'a str,
    /// What is wanted, in a sentence; empty where the label says it.
    pub hint: &'a str,
    /// Whether it must be filled in.
    pub required: bool,
    /// `autocomplete`; empty is `off`.
    pub autocomplete: &'a str,
}

/// The messages about a field, one a line.
fn messages<'a>(problems: Option<&'a Problems>, name: &str) -> Vec<&'a str> {
    let all = problems.iter().flat_map(|problems| problems.0.iter());
    all.filter(|problem| problem.field == name)
        .map(|problem| problem.message.as_str())
        .collect()
}

impl Input<'_> {
    /// A line of text.
    pub(super) fn text(&self, problems: Option<&Problems>) -> Markup {
        self.line("text", problems)
    }

    /// A day, as `2026-11-23`.
    pub(super) fn date(&self, problems: Option<&Problems>) -> Markup {
        self.line("date", problems)
    }

    /// A phone number.
    pub(super) fn tel(&self, problems: Option<&Problems>) -> Markup {
        self.line("tel", problems)
    }

    /// A line that does not show what is typed. It never comes with a value.
    pub(super) fn password(&self, problems: Option<&Problems>) -> Markup {
        Input { value: "", ..*self }.line("password", problems)
    }

    /// A number, or nothing.
    pub(super) fn number(&self, problems: Option<&Problems>) -> Markup {
        let field = Around::of(self, problems);
        field.wrap(html! {
            input id=(self.name) name=(self.name) type="text" inputmode="numeric" pattern="[0-9]*" value=(self.value)
                autocomplete="off" required[self.required] aria-invalid=[field.invalid()]
                aria-describedby=[field.described_by()];
        })
    }

    /// A number that counts once, from an app on a phone. It never comes with a value.
    pub(super) fn one_time_code(&self, problems: Option<&Problems>) -> Markup {
        let field = Around::of(self, problems);
        field.wrap(html! {
            input id=(self.name) name=(self.name) type="text" inputmode="numeric" maxlength="8"
                autocomplete="one-time-code" required[self.required] aria-invalid=[field.invalid()]
                aria-describedby=[field.described_by()];
        })
    }

    /// Several lines of text.
    pub(super) fn area(&self, rows: u8, problems: Option<&Problems>) -> Markup {
        let field = Around::of(self, problems);
        field.wrap(html! {
            textarea id=(self.name) name=(self.name) rows=(rows) autocomplete="off" spellcheck="false"
                autocapitalize="off" required[self.required] aria-invalid=[field.invalid()]
                aria-describedby=[field.described_by()] {
                // A browser drops the first line break of a text area.
                "\n" (self.value)
            }
        })
    }

    /// Several lines that hold a credential, which a file can fill in. It never comes with a value.
    pub(super) fn secret_area(&self, rows: u8, problems: Option<&Problems>) -> Markup {
        let field = Around::of(self, problems);
        field.wrap(html! {
            textarea.secret id=(self.name) name=(self.name) rows=(rows) autocomplete="off" spellcheck="false"
                autocapitalize="off" required[self.required] aria-invalid=[field.invalid()]
                aria-describedby=[field.described_by()] {}
            // Shown by the script alone, which reads the file into the text area: without it there is nothing to choose.
            label.file hidden { "파일에서 읽기" input type="file" data-fills=(self.name); }
        })
    }

    /// One of several: `(value, label)`.
    pub(super) fn select(&self, choices: &[(&str, &str)], problems: Option<&Problems>) -> Markup {
        let field = Around::of(self, problems);
        field.wrap(html! {
            select id=(self.name) name=(self.name) required[self.required] aria-invalid=[field.invalid()]
                aria-describedby=[field.described_by()] {
                @for (value, label) in choices {
                    option value=(value) selected[*value == self.value] { (label) }
                }
            }
        })
    }

    fn line(&self, kind: &str, problems: Option<&Problems>) -> Markup {
        let field = Around::of(self, problems);
        let autocomplete = if self.autocomplete.is_empty() {
            "off"
        } else {
            self.autocomplete
        };
        field.wrap(html! {
            input id=(self.name) name=(self.name) type=(kind) value=(self.value) autocomplete=(autocomplete)
                spellcheck="false" required[self.required] aria-invalid=[field.invalid()]
                aria-describedby=[field.described_by()];
        })
    }
}

/// What stands around a field.
struct Around<'a> {
    input: &'a Input<'a>,
    messages: Vec<&'a str>,
}

impl<'a> Around<'a> {
    fn of(input: &'a Input<'a>, problems: Option<&'a Problems>) -> Self {
        Self {
            messages: messages(problems, input.name),
            input,
        }
    }

    fn invalid(&self) -> Option<&'static str> {
        (!self.messages.is_empty()).then_some("true")
    }

    fn described_by(&self) -> Option<String> {
        let hint = (!self.input.hint.is_empty()).then(|| format!("{}-hint", self.input.name));
        let error = (!self.messages.is_empty()).then(|| format!("{}-error", self.input.name));
        let ids: Vec<String> = error.into_iter().chain(hint).collect();
        (!ids.is_empty()).then(|| ids.join(" "))
    }

    fn wrap(&self, control: Markup) -> Markup {
        let Input {
            name, label, hint, ..
        } = self.input;
        html! {
            div.field {
                label for=(name) { (label) }
                (control)
                (beside(name, &self.messages))
                @if !hint.is_empty() { p.hint id={ (name) "-hint" } { (hint) } }
            }
        }
    }
}

fn beside(name: &str, messages: &[&str]) -> Markup {
    html! {
        @if !messages.is_empty() {
            div.error id={ (name) "-error" } { @for message in messages { p { (message) } } }
        }
    }
}

/// A box to tick.
pub(super) fn tick_box(name: &str, value: &str, label: &str, ticked: bool) -> Markup {
    html! {
        label.tick { input type="checkbox" name=(name) value=(value) checked[ticked]; span { (label) } }
    }
}

/// What is wrong with a group of boxes.
pub(super) fn about(problems: Option<&Problems>, name: &str) -> Markup {
    beside(name, &messages(problems, name))
}

/// Why a form came back, above it: a list that leads to the fields.
pub(super) fn summary(error: Option<&Error>) -> Markup {
    let Some(error) = error else {
        return Markup::default();
    };
    html! {
        div.alert.danger role="alert" tabindex="-1" {
            @match error {
                Error::Invalid(problems) => {
                    p { strong { "다시 확인해야 할 곳이 " (problems.0.len()) "군데 있습니다." } }
                    ul {
                        @for problem in &problems.0 {
                            li { a href={ "#" (problem.field) } { (problem.message) } }
                        }
                    }
                }
                other => p { (other) },
            }
        }
    }
}

/// What was filled in wrongly, if that is why a form came back.
pub(super) fn problems(error: Option<&Error>) -> Option<&Problems> {
    match error {
        Some(Error::Invalid(problems)) => Some(problems),
        _ => None,
    }
}
