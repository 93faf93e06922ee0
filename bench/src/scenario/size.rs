//! The size of the binary, without its symbols.

use std::{fs, path::Path, process::Command};

use crate::{
    failure::{Failure, Result},
    report::{Figure, Report, Target, Unit, table::number},
};

use super::Context;

pub(super) fn run(context: &Context, report: &mut Report) -> Result<()> {
    let size = stripped(&context.programs.bonin)?;
    let mebibytes = size as f64 / f64::from(1 << 20);
    report.add(
        Figure::reported("binary, stripped", format!("{} MiB", number(mebibytes)))
            .value(mebibytes, Unit::Mebibytes)
            .target(Target::AtMost(30.0)),
    );
    Ok(())
}

/// A release build is stripped already, and stays as long as it is.
fn stripped(program: &Path) -> Result<u64> {
    let folder = tempfile::tempdir()?;
    let copy = folder.path().join("bonin");
    let strip = Command::new("strip")
        .arg("-o")
        .arg(&copy)
        .arg(program)
        .status();
    match strip {
        Ok(status) if status.success() => Ok(fs::metadata(&copy)?.len()),
        _ => Err(Failure::new("`strip` is missing; install binutils")),
    }
}
