//! What it was measured on.

use std::fs;

use serde::Serialize;

#[derive(Debug, Clone, Serialize)]
pub(crate) struct Machine {
    pub(crate) processor: String,
    pub(crate) cores: usize,
    pub(crate) memory: String,
    pub(crate) system: String,
}

/// The value of a line `name : value`.
fn value_of(text: &str, name: &str) -> Option<String> {
    let line = text.lines().find(|line| line.starts_with(name))?;
    Some(line.split_once(':')?.1.trim().to_owned())
}

impl Machine {
    /// This one. What the system does not tell is left out.
    pub(crate) fn this() -> Self {
        let read = |file: &str| fs::read_to_string(file).unwrap_or_default();
        let unknown = || "unknown".to_owned();
        let memory = value_of(&read("/proc/meminfo"), "MemTotal")
            .and_then(|total| total.strip_suffix("kB")?.trim().parse::<u64>().ok())
            .map_or_else(unknown, |kibibytes| {
                format!("{} GiB", (kibibytes + (1 << 19)) >> 20)
            });
        let processor = value_of(&read("/proc/cpuinfo"), "model name");
        let release = read("/proc/sys/kernel/osrelease");
        Self {
            processor: processor.unwrap_or_else(|| std::env::consts::ARCH.to_owned()),
            cores: std::thread::available_parallelism().map_or(1, usize::from),
            memory,
            system: format!("Linux {}", release.trim()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_found_by_their_names() {
        let text = "processor\t: 0\nmodel name\t: A: B\n";
        assert_eq!(value_of(text, "model name").as_deref(), Some("A: B"));
        assert_eq!(value_of(text, "absent"), None);
        assert!(Machine::this().cores >= 1);
    }
}
