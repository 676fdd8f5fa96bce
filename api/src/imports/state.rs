//! Where an import stands, as it is kept and as it is shown.

use rollbook_domain::kernel::moment::Moment;
use rollbook_ledger::store::Import;
use rollbook_replay::import::{Note, Report, RowError, Stopped};
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

/// A job of which nothing was heard for this long is cut off, in microseconds: its process has ended.
const SILENT_US: i64 = 20_000_000;

/// Where an import stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum State {
    /// Others are before it.
    Waiting,
    /// It is at it.
    Running,
    /// It came to its end; single rows may have been refused.
    Done,
    /// It gave up; `stopped` says why.
    Failed,
    /// Its process ended before it did.
    Interrupted,
}

impl State {
    pub(crate) fn word(self) -> &'static str {
        match self {
            Self::Waiting => "waiting",
            Self::Running => "running",
            Self::Done => "done",
            Self::Failed => "failed",
            Self::Interrupted => "interrupted",
        }
    }

    pub(crate) fn has_ended(self) -> bool {
        matches!(self, Self::Done | Self::Failed | Self::Interrupted)
    }
}

/// An import.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Import)]
pub(crate) struct View {
    /// Its id, the `batch` by which it is undone as a whole.
    id: String,
    /// The product that the file comes from.
    from: String,
    /// Whether it is only tried.
    dry_run: bool,
    /// `waiting`, `running`, `done`, `failed` or `interrupted`.
    state: String,
    /// Who asked for it: `user:<id>`, `api_key:<id>` or `operator`.
    actor: String,
    /// When it was asked for.
    #[schema(value_type = String)]
    created_at: Moment,
    /// When it ended; null before.
    #[schema(value_type = Option<String>)]
    ended_at: Option<Moment>,
    /// How many rows, and what came of them.
    #[schema(value_type = Object)]
    rows: Rows,
    /// What was wrong with single rows, at most 100: `{"row","field","code","detail"}`.
    #[schema(value_type = Vec<Object>)]
    errors: Vec<RowError>,
    /// How many errors more there are.
    more_errors: u64,
    /// What of the file was not taken, and how it was understood: `{"what","code","rows","detail"}`.
    #[schema(value_type = Vec<Object>)]
    notes: Vec<Note>,
    /// Positions of the first and the last entry that it wrote; null if none.
    #[schema(value_type = Option<Object>)]
    positions: Option<Positions>,
    /// Why it did not come to its end; null if it did, or may still: `{"code","detail"}`.
    #[schema(value_type = Option<Object>)]
    stopped: Option<Stopped>,
}

#[derive(Debug, Serialize)]
struct Rows {
    total: u64,
    done: u64,
    created: u64,
    changed: u64,
    unchanged: u64,
    failed: u64,
}

#[derive(Debug, Serialize)]
struct Positions {
    first: u64,
    last: u64,
}

/// An import as it is at `now`.
pub(crate) fn view(kept: Import, now: Moment) -> View {
    // Written by this program; a report that a later release wrote otherwise shows no counts rather than none at all.
    let report: Report = serde_json::from_str(&kept.report).unwrap_or_default();
    let is_open = matches!(kept.state.as_str(), "waiting" | "running");
    let is_silent = now.micros().saturating_sub(kept.beat_at_us) > SILENT_US;
    let state = if is_open && is_silent { State::Interrupted.word().to_owned() } else { kept.state };
    let Report { total, done, created, changed, unchanged, failed, .. } = report;
    let positions = report.first_position.zip(report.last_position);
    View {
        id: kept.id,
        from: kept.product,
        dry_run: kept.dry_run,
        state,
        actor: kept.actor,
        created_at: Moment(kept.created_at_us),
        ended_at: kept.ended_at_us.map(Moment),
        rows: Rows { total, done, created, changed, unchanged, failed },
        errors: report.errors,
        more_errors: report.more_errors,
        notes: report.notes,
        positions: positions.map(|(first, last)| Positions { first, last }),
        stopped: report.stopped,
    }
}

/// What is kept of a job.
pub(super) struct Kept<'a> {
    pub(super) id: Uuid,
    pub(super) actor: String,
    pub(super) product: &'static str,
    pub(super) dry_run: bool,
    pub(super) created: Moment,
    pub(super) report: &'a Report,
}

impl Kept<'_> {
    /// The row, at `now`.
    pub(super) fn row(&self, state: State, now: Moment) -> Import {
        Import {
            id: self.id.to_string(),
            actor: self.actor.clone(),
            product: self.product.to_owned(),
            dry_run: self.dry_run,
            state: state.word().to_owned(),
            created_at_us: self.created.micros(),
            beat_at_us: now.micros(),
            ended_at_us: state.has_ended().then_some(now.micros()),
            // Numbers, texts and lists, which always serialize.
            report: serde_json::to_string(self.report).unwrap_or_default(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_job_of_which_nothing_was_heard_for_twenty_seconds_is_cut_off() {
        let report = Report::of(7, Vec::new());
        let kept = Kept {
            id: Uuid::nil(),
            actor: "operator".to_owned(),
            product: "ucontact",
            dry_run: false,
            created: Moment(0),
            report: &report,
        };
        let state = |state, later| view(kept.row(state, Moment(5)), Moment(5 + later)).state;
        for open in [State::Waiting, State::Running] {
            assert_eq!(state(open, SILENT_US), open.word());
            assert_eq!(state(open, SILENT_US + 1), "interrupted");
        }
        for ended in [State::Done, State::Failed, State::Interrupted] {
            assert_eq!(state(ended, 1 << 60), ended.word());
        }
        assert_eq!(view(kept.row(State::Done, Moment(9)), Moment(9)).ended_at, Some(Moment(9)));
    }
}
