//! The activity log as it grows: server-sent events, each with an id from which a broken stream goes on.
//!
//! Which rows are new is told by the position in each ledger, since rows of the two arrive one after the other. A
//! stream ends after a quarter of an hour, and shows nothing more once its session or API key is over; whoever goes on
//! signs in anew, and nothing is lost between.

use super::{filter, log};
use crate::app::{self, App};
use crate::error::Problem;
use crate::extract::{Caller, MinPosition, Params};
use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::sse::{Event, KeepAlive, Sse};
use futures::stream::{self, Stream};
use rollbook_domain::kernel::moment::Moment;
use rollbook_domain::permission::facts::Targets;
use rollbook_projections::activity_log::{ActivityLog, Filter, Ledger, Row};
use rollbook_projections::follower::{Follower, Status};
use std::collections::VecDeque;
use std::convert::Infallible;
use std::time::{Duration, Instant};
use tokio::sync::OwnedSemaphorePermit;
use utoipa_axum::{router::OpenApiRouter, routes};

/// How often it is looked for new rows.
const LOOK_EVERY: Duration = Duration::from_millis(500);
/// Longest life of one stream.
const LIFE_MAX: Duration = Duration::from_secs(15 * 60);
/// Most rows that a resumed stream catches up on.
const BEHIND_MAX: usize = 10_000;
/// How much earlier than the moment of looking an entry may say it was made, in microseconds: clocks differ by at
/// most two seconds.
const SLACK_US: i64 = 5_000_000;

pub(super) fn router() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(stream_activity))
}

/// New rows of the activity log as they come, oldest first, as server-sent events: `event: row`, the row as JSON in
/// `data`, and an `id` that `Last-Event-ID` takes up again. Filters as in `/activity`. An audited read.
#[utoipa::path(
    get, path = "/activity/stream", tag = "activity",
    params(
        ("Last-Event-ID" = Option<String>, Header, description = "The id of the last event that arrived"),
        filter::Filters,
    ),
    responses(
        (status = 200, description = "Events", content_type = "text/event-stream"),
        (status = 401, description = "`unauthenticated`", body = Problem),
        (status = 403, description = "`permission_missing`", body = Problem),
        (status = 422, description = "`invalid`", body = Problem),
        (status = 503, description = "`busy`, `not_yet`", body = Problem),
    ),
    extensions(("x-permission" = json!("audit.view"))),
)]
async fn stream_activity(
    State(app): State<App>,
    caller: Caller,
    min: MinPosition,
    headers: HeaderMap,
    mut params: Params,
) -> Result<Sse<impl Stream<Item = Result<Event, Infallible>>>, Problem> {
    let now = app::at_least(&caller.open, min.0).await?;
    caller.need(&app, &now, "audit.view", &Targets::default())?;
    let filter = filter::take(&mut params, &now)?;
    params.done()?;
    let log = log(&app, &caller, &now, min).await?;
    // A filter that cannot be asked is refused here, not in the middle of the stream.
    log.count(&Filter { until: Some(Moment(i64::MIN)), ..filter.clone() }).await?;
    let follower = app.follower(&caller.open);
    let seen = match headers.get("Last-Event-ID") {
        None => Seen::at(&follower.status(), app.deployment().clock().now()),
        Some(id) => id.to_str().ok().and_then(Seen::parse).ok_or_else(|| {
            Problem::field("Last-Event-ID", "not_an_event_id", "is not an id that this stream gave out")
        })?,
    };
    let permit = app.stream()?;
    caller.reads(&app, &now, "activity", None);
    let (waiting, until) = (VecDeque::new(), Instant::now() + LIFE_MAX);
    let live = Live { app, caller, log, follower, filter, seen, waiting, until, _permit: permit };
    let events = stream::unfold(Some(live), |live| async {
        let mut live = live?;
        match live.next().await {
            Ok(Some(event)) => Some((Ok(event), Some(live))),
            Ok(None) => None,
            Err(problem) => Some((Ok(event_of(&problem)), None)),
        }
    });
    Ok(Sse::new(events).keep_alive(KeepAlive::default()))
}

/// What went wrong on the way, as the last event.
fn event_of(problem: &Problem) -> Event {
    let data = serde_json::to_string(problem).unwrap_or_default();
    Event::default().event("problem").data(data)
}

/// How far a stream has come in each ledger, and before when everything has been seen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Seen {
    changes: u64,
    acts: u64,
    since: Moment,
}

impl Seen {
    fn at(status: &Status, now: Moment) -> Self {
        let since = now.plus_micros(-SLACK_US);
        Self { changes: status.position, acts: status.activity_position, since }
    }

    fn parse(id: &str) -> Option<Self> {
        let mut parts = id.split('-');
        let changes = parts.next()?.parse().ok()?;
        let acts = parts.next()?.parse().ok()?;
        let since = Moment(parts.next()?.parse::<u32>().ok().map(|seconds| i64::from(seconds) * 1_000_000)?);
        parts.next().is_none().then_some(Self { changes, acts, since })
    }

    fn id(self) -> String {
        format!("{}-{}-{}", self.changes, self.acts, self.since.micros() / 1_000_000)
    }

    fn is_new(self, row: &Row) -> bool {
        match row.ledger {
            Ledger::Organization => row.position > self.changes,
            Ledger::Activity => row.position > self.acts,
        }
    }

    fn saw(&mut self, row: &Row) {
        match row.ledger {
            Ledger::Organization => self.changes = self.changes.max(row.position),
            Ledger::Activity => self.acts = self.acts.max(row.position),
        }
    }
}

struct Live {
    app: App,
    caller: Caller,
    log: ActivityLog,
    follower: Follower,
    filter: Filter,
    seen: Seen,
    waiting: VecDeque<Event>,
    until: Instant,
    _permit: OwnedSemaphorePermit,
}

impl Live {
    /// The next event; nothing when the stream is over.
    async fn next(&mut self) -> Result<Option<Event>, Problem> {
        loop {
            if let Some(event) = self.waiting.pop_front() {
                return Ok(Some(event));
            }
            if self.is_over() || !self.look().await? {
                return Ok(None);
            }
            if self.waiting.is_empty() {
                tokio::time::sleep(LOOK_EVERY).await;
            }
        }
    }

    /// Whoever was blocked or lost the right meanwhile, whose password expired or whose address is not allowed any more, sees nothing more.
    fn is_over(&self) -> bool {
        let now = self.caller.organization();
        self.app.is_closing()
            || Instant::now() >= self.until
            || !self.caller.may(&now, "audit.view", &Targets::default())
            || self.caller.is_barred_from_streams(&now)
    }

    /// Takes up what is new. Answers whether the stream goes on.
    async fn look(&mut self) -> Result<bool, Problem> {
        let status = self.follower.status();
        if status.stopped.is_some() {
            let detail = "the activity log does not go on; the operator's log says why";
            return Err(Problem::unavailable("not_served", detail, 30));
        }
        // Also before the follower has looked for the first time, when it stands at 0.
        if status.position <= self.seen.changes && status.activity_position <= self.seen.acts {
            return Ok(true);
        }
        if !self.caller.is_still_in(&self.app).await? {
            return Ok(false);
        }
        let began = self.app.deployment().clock().now();
        let mut rows = self.new_rows(&status).await?;
        rows.sort_by_key(|row| (row.at, row.ledger, row.position));
        for row in &rows {
            self.seen.saw(row);
            let data = serde_json::to_string(row).map_err(|error| Problem::internal(&error))?;
            self.waiting.push_back(Event::default().event("row").id(self.seen.id()).data(data));
        }
        let is_whole = status.position == status.head && status.activity_position == status.activity_head;
        let reached = Seen::at(&status, began);
        let since = if is_whole { reached.since } else { self.seen.since };
        self.seen = Seen { since, ..reached };
        Ok(true)
    }

    async fn new_rows(&self, status: &Status) -> Result<Vec<Row>, Problem> {
        let mut pages = self.log.everything(Filter { from: Some(self.seen.since), ..self.filter.clone() });
        let reached = Seen::at(status, Moment(0));
        let mut found = Vec::new();
        while let Some(rows) = pages.next().await? {
            found.extend(rows.into_iter().filter(|row| self.seen.is_new(row) && !reached.is_new(row)));
            if found.len() > BEHIND_MAX {
                let detail = "more than 10,000 rows were missed; read them with /activity and begin anew";
                return Err(Problem::new(axum::http::StatusCode::CONFLICT, "too_far_behind", detail));
            }
        }
        Ok(found)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_is_read_back_and_nothing_else_is() {
        let seen = Seen { changes: 17, acts: 4, since: Moment(1_700_000_000_000_000) };
        assert_eq!(Seen::parse(&seen.id()), Some(seen));
        for text in ["", "1", "1-2", "1-2-3-4", "a-b-c", "1-2--3"] {
            assert_eq!(Seen::parse(text), None, "{text}");
        }
    }
}
