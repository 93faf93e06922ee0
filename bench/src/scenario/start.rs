//! From starting the program to being ready, on databases of different sizes. Their files have been read before: the system's cache
//! is warm.

use crate::{
    data::Data,
    failure::Result,
    report::{Figure, Report, Target, Unit, table::number},
    rounds::Rounds,
};

use super::Context;

pub(super) async fn run(context: &Context, report: &mut Report) -> Result<()> {
    let (programs, options) = (&context.programs, &context.options);
    let folder = tempfile::tempdir()?;
    let small = Data::of(programs, &context.data, options.small, options.matches).await?;
    let large = Data::of(programs, &context.data, options.large, options.matches).await?;
    let (mut on_small, mut on_large) = (Rounds::default(), Rounds::default());
    for _ in 0..options.rounds() {
        for (data, rounds) in [(&small, &mut on_small), (&large, &mut on_large)] {
            let gateway = data.installation.start(programs, folder.path()).await?;
            rounds.push(gateway.start.as_secs_f64());
            gateway.process.stop().await?;
        }
    }
    let shown = |rounds: &Rounds| format!("{} s", number(rounds.median()));
    report.add(
        Figure::reported(
            format!(
                "start to ready, {} verifications",
                number(options.large as f64)
            ),
            shown(&on_large),
        )
        .against(format!(
            "{} verifications: {}",
            number(options.small as f64),
            shown(&on_small)
        ))
        .value(on_large.median(), Unit::Seconds)
        .target(Target::AtMost(0.3))
        .spread(on_large.spread()),
    );
    Ok(())
}
