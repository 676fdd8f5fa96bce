//! `rollbook rebuild`: make the activity log anew from the ledgers, compare, and swap.

use super::init::operator_context;
use super::output::Output;
use super::{Failure, Global};
use clap::Args;
use rollbook_ledger::store::StoreError;
use rollbook_ledger::system::entries;
use rollbook_projections::ProjectionError;
use rollbook_projections::rebuild::{OnDifference, rebuild};
use serde_json::json;

/// Make the activity log anew beside the live one, compare, and swap; exit 1 if the live one differed.
#[derive(Debug, Args)]
pub(super) struct Rebuild {
    /// Swap although the live rows differ: the ledger is right.
    #[arg(long)]
    replace: bool,
}

pub(super) async fn run(global: &Global, command: Rebuild, output: &Output) -> Result<(), Failure> {
    let deployment = global.deployment(false).await?;
    let on_difference = if command.replace { OnDifference::Replace } else { OnDifference::Keep };
    let bar = super::progress::bar("rebuilding");
    let rebuilt = rebuild(deployment.store(), on_difference, |done, of| {
        bar.set_length(of);
        bar.set_position(done);
    });
    let rebuilt = rebuilt.await.map_err(failure)?;
    bar.finish_and_clear();
    let (context, what) = (operator_context(deployment.clock().now())?, json!({ "operation": "rebuild" }));
    deployment.system().append(&context, entries::OPERATED, what).await?;
    let mut text = format!("the activity log is version {} now: {} rows", rebuilt.version, rebuilt.rows);
    text += &format!(", {} compared", rebuilt.compared);
    if let Some(differs) = &rebuilt.differs {
        text += &format!("\nthe one before differed: {differs}");
    }
    let json = json!({
        "version": rebuilt.version, "rows": rebuilt.rows, "compared": rebuilt.compared, "differs": rebuilt.differs,
    });
    output.answer(&text, &json);
    Ok(())
}

fn failure(error: ProjectionError) -> Failure {
    match error {
        ProjectionError::Store(error @ StoreError::Unavailable(_)) => error.into(),
        ProjectionError::Differs(what) => Failure::Found(format!(
            "the live activity log differs and was kept: {what}; `rollbook rebuild --replace` swaps it"
        )),
        error => Failure::Found(error.to_string()),
    }
}
