//! The configuration file. Every setting is one flag, one `BONIN_*` variable, and one line of the file.
//!
//! What stands on the command line counts first, then the environment, then the file, then the default. A table of the file
//! is a prefix: `[kcp] timeout = "10s"` is `--kcp-timeout 10s`, and so is `kcp_timeout = "10s"`.

use std::{ffi::OsString, path::Path};

use clap::{
    ArgMatches, CommandFactory, FromArgMatches,
    error::{ContextKind, ContextValue},
    parser::ValueSource,
};

use crate::{cli::Cli, failure::Failure};

/// Why there is no command to run.
pub(crate) enum Unparsed {
    /// The words are off, or help was asked for.
    Usage(clap::Error),
    /// The configuration file is off.
    Config(Failure),
}

impl From<clap::Error> for Unparsed {
    /// What was given is not repeated: in the file or in a variable it may be a secret that stands in the wrong place.
    fn from(mut error: clap::Error) -> Self {
        if error.get(ContextKind::InvalidValue).is_some() {
            error.insert(
                ContextKind::InvalidValue,
                ContextValue::String("…".to_owned()),
            );
        }
        Self::Usage(error)
    }
}

/// Reads the command line, and the configuration file that it names.
pub(crate) fn parse(arguments: impl Iterator<Item = OsString>) -> Result<Cli, Unparsed> {
    let mut arguments: Vec<OsString> = arguments.collect();
    let matches = Cli::command().try_get_matches_from(&arguments)?;
    let (command, inner) = innermost(&matches);
    let file = inner
        .try_get_one::<std::path::PathBuf>("config")
        .ok()
        .flatten();
    if let Some(file) = file {
        let settings = read(file).map_err(Unparsed::Config)?;
        let known = settings_of_serve();
        for (setting, value) in settings {
            if !known.contains(&setting) {
                let failure = Failure::new(format!(
                    "{}: there is no setting {}; `bonin serve --help` lists them",
                    file.display(),
                    name_in_file(&setting)
                ));
                return Err(Unparsed::Config(failure));
            }
            let id = setting.replace('-', "_");
            let takes = command
                .get_arguments()
                .any(|argument| argument.get_id().as_str() == id);
            // `value_source` panics at an argument that the command does not take.
            let said = || {
                matches!(
                    inner.value_source(&id),
                    Some(ValueSource::CommandLine | ValueSource::EnvVariable)
                )
            };
            if takes && !said() {
                arguments.push(format!("--{setting}={value}").into());
            }
        }
    }
    let matches = Cli::command().try_get_matches_from(&arguments)?;
    Ok(Cli::from_arg_matches(&matches)?)
}

/// The subcommand that was called, however deep, and what was said to it.
fn innermost(matches: &ArgMatches) -> (clap::Command, &ArgMatches) {
    let (mut command, mut matches) = (Cli::command(), matches);
    command.build();
    while let Some((name, inner)) = matches.subcommand() {
        if let Some(next) = command.find_subcommand(name).cloned() {
            command = next;
        }
        matches = inner;
    }
    (command, matches)
}

fn settings_of_serve() -> Vec<String> {
    let command = Cli::command();
    command
        .find_subcommand("serve")
        .into_iter()
        .flat_map(|serve| serve.get_arguments())
        .filter(|argument| argument.get_id() != "config")
        .filter_map(|argument| argument.get_long().map(str::to_owned))
        .collect()
}

fn read(file: &Path) -> Result<Vec<(String, String)>, Failure> {
    let text = std::fs::read_to_string(file).map_err(Failure::while_doing(format!(
        "cannot read {}",
        file.display()
    )))?;
    let table: toml::Table = toml::from_str(&text).map_err(|error| {
        // The parser's own message repeats the line, which may hold a value.
        let at = error.span().map_or(0, |span| span.start);
        let line = text[..at.min(text.len())].lines().count().max(1);
        Failure::new(format!("{}: line {line} is not TOML", file.display()))
    })?;
    let mut settings = Vec::new();
    flatten("", &table, &mut settings).map_err(|setting| {
        Failure::new(format!(
            "{}: {} must be a text, a number, true or false, or a list of texts",
            file.display(),
            name_in_file(&setting)
        ))
    })?;
    Ok(settings)
}

/// The name as it may stand in the file, for a message. What was put where a name belongs may be a value, a secret even: what
/// has a capital or a digit in it, as no setting's name has, is blotted out, and so is the rest of what is too long for one.
fn name_in_file(setting: &str) -> String {
    const LONGEST: usize = 40;
    let is_name = setting
        .chars()
        .all(|c| c.is_ascii_lowercase() || matches!(c, '-' | '_'));
    let mut told: String = setting
        .chars()
        .take(LONGEST)
        .map(|c| match c {
            '-' | '_' => '_',
            c if is_name => c,
            _ => '*',
        })
        .collect();
    if setting.chars().nth(LONGEST).is_some() {
        told.push('…');
    }
    format!("`{told}`")
}

fn flatten(
    prefix: &str,
    table: &toml::Table,
    settings: &mut Vec<(String, String)>,
) -> Result<(), String> {
    for (key, value) in table {
        let name = format!("{prefix}{}", key.replace('_', "-"));
        match value {
            toml::Value::Table(inner) => flatten(&format!("{name}-"), inner, settings)?,
            toml::Value::Array(items) => {
                let items: Option<Vec<&str>> = items.iter().map(toml::Value::as_str).collect();
                settings.push((name.clone(), items.ok_or(name)?.join(",")));
            }
            toml::Value::String(text) => settings.push((name, text.clone())),
            toml::Value::Integer(_) | toml::Value::Boolean(_) => {
                settings.push((name, value.to_string()));
            }
            toml::Value::Float(_) | toml::Value::Datetime(_) => return Err(name),
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use bonin_fuzz::{Bounds, Input, PLANTED, bounded};

    use super::*;

    fn flattened(text: &str) -> Result<Vec<(String, String)>, String> {
        let mut settings = Vec::new();
        flatten("", &toml::from_str(text).unwrap(), &mut settings).map(|()| settings)
    }

    #[test]
    fn a_table_is_a_prefix() {
        let wanted = vec![("kcp-timeout".to_owned(), "10s".to_owned())];
        assert_eq!(flattened("[kcp]\ntimeout = \"10s\""), Ok(wanted.clone()));
        assert_eq!(flattened("kcp_timeout = \"10s\""), Ok(wanted));
    }

    #[test]
    fn a_list_is_joined_and_what_is_no_setting_is_named() {
        let joined = vec![("kcp-live-hosts".to_owned(), "a,b".to_owned())];
        assert_eq!(flattened("kcp_live_hosts = [\"a\", \"b\"]"), Ok(joined));
        assert_eq!(
            flattened("drain_limit = 1.5"),
            Err("drain-limit".to_owned())
        );
    }

    fn serve(file: &str, more: &[&str]) -> Result<String, String> {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("bonin.toml");
        std::fs::write(&path, file).unwrap();
        let path = path.to_str().unwrap().to_owned();
        let words = ["bonin", "serve", "--config", &path];
        let words = words.iter().chain(more).map(OsString::from);
        match parse(words) {
            Ok(cli) => Ok(format!("{:?}", cli.command)),
            Err(Unparsed::Usage(error)) => Err(error.to_string()),
            Err(Unparsed::Config(failure)) => Err(format!("{failure:?}")),
        }
    }

    #[test]
    fn the_command_line_counts_before_the_file_and_the_file_before_the_default() {
        let file = "public_url = \"https://a.example\"\n[kcp]\ntimeout = \"7s\"";
        let read = serve(file, &[]).unwrap();
        assert!(read.contains("https://a.example") && read.contains("Span(7s)"));
        let read = serve(file, &["--kcp-timeout", "9s"]).unwrap();
        assert!(read.contains("Span(9s)") && !read.contains("Span(7s)"));
    }

    #[test]
    fn what_is_wrong_in_the_file_is_named() {
        let unknown = serve("public_ulr = \"x\"", &[]).unwrap_err();
        assert!(unknown.contains("`public_ulr`"), "{unknown}");
        let value = serve("postgres_bonin_Sc2HkQ81vXnZ = \"x\"", &[]).unwrap_err();
        assert!(value.contains("`********_*****_************`"), "{value}");
        let long = serve(&format!("{} = 1.5", "a".repeat(200)), &[]).unwrap_err();
        assert!(long.contains(&format!("`{}…`", "a".repeat(40))), "{long}");
        let wrong = serve("drain_limit = \"soon\"", &[]).unwrap_err();
        let told = "invalid value '…' for '--drain-limit <TIME>': a time such as";
        assert!(wrong.contains(told), "{wrong}");
        let broken = serve("a = 1\nb = \"secret", &[]).unwrap_err();
        assert!(
            broken.contains("line 2") && !broken.contains("secret"),
            "{broken}"
        );
    }

    /// Found by the target below: clap repeated it.
    #[test]
    fn a_value_that_stands_in_the_wrong_place_is_not_repeated() {
        for file in [
            format!("kcp_timeout = \"{PLANTED}s\""),
            format!("limit_customer = \"{PLANTED}\""),
            format!("trusted_hops = \"{PLANTED}\""),
            format!("console_enabled = \"{PLANTED}\""),
            format!("log_format = \"{PLANTED}\""),
        ] {
            let message = serve(&file, &[]).unwrap_err();
            assert!(!message.contains(PLANTED), "{message}");
        }
        let message = serve("", &["--kcp-timeout", PLANTED]).unwrap_err();
        assert!(!message.contains(PLANTED), "{message}");
    }

    /// A fuzz target, as those of `bonin-fuzz` are: the configuration is read here and nowhere else.
    #[test]
    fn whatever_stands_in_the_file_is_read_or_refused_without_telling_it() {
        let examples = [
            PACKAGED.to_owned(),
            format!("public_url = \"https://a.example\"\ndatabase = \"postgres://bonin:{PLANTED}@db.example/bonin\"\n"),
            "[kcp]\ntimeout = \"7s\"\nlive_hosts = [\"a.example\", \"b.example:8443\"]\nfinal_codes = []\n".to_owned(),
            "limit.customer = \"30/1m\"\ntrusted_hops = 2\n[console]\nenabled = true\n".to_owned(),
            format!("listen = \"{PLANTED}\"\ndrain_limit = \"{PLANTED}\"\n"),
        ];
        let examples: Vec<&str> = examples.iter().map(String::as_str).collect();
        bolero::check!()
            .with_test_time(std::time::Duration::from_millis(2500))
            .with_type::<Input>()
            .for_each(|input| {
                let text = input.text_of(&examples);
                let read = bounded(Bounds::default(), input, || serve(&text, &[]));
                if let Err(message) = read {
                    assert!(!message.contains(PLANTED), "{message}");
                }
            });
    }

    /// The file that packages install. A line `#name = value` is a setting that is not set.
    const PACKAGED: &str = include_str!("../../../packaging/bonin.toml");

    #[test]
    fn the_packaged_file_names_every_setting_once_and_every_line_of_it_works() {
        let begins_setting = |line: &str| {
            let name = line.split_once(" = ").map_or("", |(name, _)| name);
            !name.is_empty() && name.chars().all(|c| c.is_ascii_lowercase() || c == '_')
        };
        let all_set: Vec<&str> = PACKAGED
            .lines()
            .map(|line| match line.strip_prefix('#') {
                Some(setting) if begins_setting(setting) => setting,
                _ => line,
            })
            .collect();
        let all_set = all_set.join("\n");
        let named = flattened(&all_set).unwrap();
        let mut named: Vec<String> = named.into_iter().map(|(name, _)| name).collect();
        let mut known = settings_of_serve();
        named.sort();
        known.sort();
        assert_eq!(
            named, known,
            "packaging/bonin.toml and `bonin serve --help` differ"
        );
        serve(PACKAGED, &[]).unwrap();
        serve(&all_set, &[]).unwrap();
    }

    #[test]
    fn the_packaged_files_examples_that_are_not_set_are_the_defaults_that_help_tells() {
        let mut table = String::new();
        for line in PACKAGED.lines() {
            if let Some(name) = line.strip_prefix('[').and_then(|l| l.strip_suffix(']')) {
                table = format!("{name}-");
            }
            let Some((name, value)) = line.strip_prefix('#').and_then(|l| l.split_once(" = "))
            else {
                continue;
            };
            let name = format!("{table}{}", name.replace('_', "-"));
            let Some(told) = default_of(&name) else {
                continue;
            };
            assert_eq!(value.trim_matches('"'), told, "{name}");
        }
    }

    /// The default of a setting, where its help tells one that is a value.
    fn default_of(setting: &str) -> Option<String> {
        let command = Cli::command();
        let serve = command.find_subcommand("serve")?;
        let argument = serve
            .get_arguments()
            .find(|argument| argument.get_long() == Some(setting))?;
        if let Some(value) = argument.get_default_values().first() {
            return Some(value.to_string_lossy().into_owned());
        }
        let help = argument.get_help()?.to_string();
        let told = help.split_once("[default: ")?.1.split([';', ']']).next()?;
        let is_a_value = told.starts_with(|c: char| c.is_ascii_digit());
        is_a_value.then(|| told.to_owned())
    }

    #[test]
    fn the_command_line_is_well_formed() {
        Cli::command().debug_assert();
    }
}
