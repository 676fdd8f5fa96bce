//! One row of the activity log: what happened, readable alone, with every personal part attributable to its person.
//!
//! A row can be redacted after it was made, and then equals the row that would be made after the erasure.

use rollbook_domain::kernel::id::{Kind, Subject};
use rollbook_domain::kernel::moment::Moment;
use rollbook_domain::kernel::personal::ERASED;
use rollbook_domain::kernel::text::folded;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::collections::BTreeSet;
use uuid::Uuid;

/// Longest part of a changed value that free text finds, in characters.
const SEARCHED_CHARS_MAX: usize = 200;

/// Which ledger a row's entry is in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Ledger {
    /// Changes.
    Organization,
    /// Sign-ins, denials, audited reads, exports.
    Activity,
}

/// How it ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// As asked. A change in the ledger was always carried out.
    Ok,
    /// It was not allowed.
    Refused,
    /// It could not be done.
    Failed,
}

impl Outcome {
    /// The word in the API.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Refused => "refused",
            Self::Failed => "failed",
        }
    }
}

/// A word that is no outcome.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("an outcome is `ok`, `refused` or `failed`")]
pub struct BadOutcome;

impl std::str::FromStr for Outcome {
    type Err = BadOutcome;

    fn from_str(text: &str) -> Result<Self, BadOutcome> {
        [Self::Ok, Self::Refused, Self::Failed]
            .into_iter()
            .find(|outcome| outcome.word() == text)
            .ok_or(BadOutcome)
    }
}

/// Who did it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Doer {
    /// `user`, `api_key`, `token`, `operator` or `system`.
    pub kind: String,
    /// The user's id, or the API key's or token's.
    pub id: Option<Uuid>,
    /// The user on whose rights it was done: of an API key or token its owner.
    pub user: Option<Uuid>,
    /// The user's login then.
    pub label: Option<String>,
    /// The name of the user's role then.
    pub role: Option<String>,
    /// The name of the API token, if it was one.
    pub token: Option<String>,
}

/// What it was about.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct About {
    /// What it is.
    pub kind: Kind,
    /// Which one.
    pub id: Uuid,
    /// What people called it then.
    pub label: Option<String>,
}

/// One field or element that changed, personal values as text.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Changed {
    /// Whose field it is.
    pub subject: Subject,
    /// The field's name in the API.
    pub field: String,
    /// The element, where the field is a set or a map.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub element: Option<String>,
    /// The value before; null where there was none.
    pub from: Value,
    /// The value after; null where there is none.
    pub to: Value,
    /// Whether the values are personal.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub personal: bool,
}

/// A part of a sentence that belongs to a person: bytes `start..end`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Span {
    /// The first byte.
    pub start: usize,
    /// The byte after the last.
    pub end: usize,
    /// Whose it is.
    pub person: Uuid,
}

/// In which status a user was, and from when on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Status {
    /// As the telephone system calls it.
    pub word: String,
    /// From when on; it may be reported much later.
    pub since: Moment,
}

/// One entry of either ledger.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Row {
    /// Which ledger.
    pub ledger: Ledger,
    /// Its position there.
    pub position: u64,
    /// When.
    pub at: Moment,
    /// The batch it was appended in.
    pub batch: Uuid,
    /// Who.
    pub actor: Doer,
    /// The entry's type: `user.role_assigned`, `session.started` …
    pub action: String,
    /// What happened, in words.
    pub sentence: String,
    /// How it ended.
    pub outcome: Outcome,
    /// What it was about.
    pub subject: Option<About>,
    /// From what to what.
    pub changes: Vec<Changed>,
    /// Why, in the actor's words.
    pub reason: Option<String>,
    /// The ticket.
    pub ticket: Option<String>,
    /// How it came in.
    pub channel: Option<String>,
    /// From which address.
    pub ip: Option<String>,
    /// By which user agent.
    pub agent: Option<String>,
    /// In which session.
    pub session: Option<String>,
    /// By which request.
    pub request: Option<String>,
    /// What allowed it.
    pub authority: Option<String>,
    /// How many acts it stands for.
    pub count: u64,
    /// Of a reported status, which and from when on.
    #[serde(skip)]
    pub status: Option<Status>,
    /// Which parts of the sentence are whose.
    #[serde(skip)]
    pub spans: Vec<Span>,
}

impl Row {
    /// Takes away what belongs to `person`; what they authored (address, agent, reasons) only with `authored`.
    pub fn redact(&mut self, person: Uuid, authored: bool) {
        let is_subject = self.person() == Some(person);
        if self.actor.user == Some(person) {
            erase(&mut self.actor.label);
            if authored {
                erase(&mut self.ip);
                erase(&mut self.agent);
                if self.person().is_none() {
                    erase(&mut self.reason);
                }
            }
        }
        if is_subject {
            if let Some(subject) = &mut self.subject {
                erase(&mut subject.label);
            }
            erase(&mut self.reason);
        }
        for change in self.changes.iter_mut().filter(|change| change.personal && change.subject.id == person)
        {
            [&mut change.from, &mut change.to].into_iter().for_each(erase_value);
        }
        self.redact_sentence(person);
    }

    fn redact_sentence(&mut self, person: Uuid) {
        let (mut text, mut spans, mut done) = (String::with_capacity(self.sentence.len()), Vec::new(), 0);
        let piece = |from: usize, to: usize| self.sentence.get(from..to).unwrap_or_default();
        for span in &self.spans {
            text.push_str(piece(done, span.start));
            let start = text.len();
            if span.person == person {
                text.push_str(ERASED);
            } else {
                text.push_str(piece(span.start, span.end));
                spans.push(Span { start, end: text.len(), person: span.person });
            }
            done = span.end;
        }
        text.push_str(piece(done, self.sentence.len()));
        self.sentence = text;
        self.spans = spans;
    }

    /// The user or agent whom it is about; theirs is the reason too.
    fn person(&self) -> Option<Uuid> {
        self.subject.as_ref().filter(|subject| subject.kind.is_person()).map(|subject| subject.id)
    }

    /// Whose personal values it holds: ids between spaces, an `@` before those who only authored something.
    #[must_use]
    pub fn people(&self) -> Option<String> {
        let mut own: BTreeSet<Uuid> = self.spans.iter().map(|span| span.person).collect();
        let mut authored = BTreeSet::new();
        let subject = self.person();
        own.extend(self.actor.user.filter(|_| is_clear(self.actor.label.as_ref())));
        let label = self.subject.as_ref().and_then(|subject| subject.label.as_ref());
        own.extend(subject.filter(|_| is_clear(label) || is_clear(self.reason.as_ref())));
        let changes = self.changes.iter().filter(|change| change.personal);
        own.extend(
            changes.filter(|c| is_clear_value(&c.from) || is_clear_value(&c.to)).map(|c| c.subject.id),
        );
        let left = is_clear(self.ip.as_ref())
            || is_clear(self.agent.as_ref())
            || (subject.is_none() && is_clear(self.reason.as_ref()));
        authored.extend(self.actor.user.filter(|_| left));
        let tokens =
            own.iter().map(Uuid::to_string).chain(authored.iter().map(|person| format!("@{person}")));
        let tokens: Vec<String> = tokens.collect();
        (!tokens.is_empty()).then(|| format!(" {} ", tokens.join(" ")))
    }

    /// All that free text finds, folded.
    #[must_use]
    pub fn search(&self) -> String {
        let values = self.changes.iter().flat_map(|change| [&change.from, &change.to]);
        let values = values
            .filter_map(Value::as_str)
            .filter(|text| Uuid::parse_str(text.trim_start_matches('-')).is_err());
        let values = values.map(|text| {
            text.char_indices()
                .nth(SEARCHED_CHARS_MAX)
                .map_or(text, |(end, _)| text.get(..end).unwrap_or_default())
        });
        let subject = self.subject.as_ref().and_then(|subject| subject.label.as_deref());
        let words = [
            Some(self.sentence.as_str()),
            self.actor.label.as_deref(),
            self.actor.token.as_deref(),
            subject,
            self.reason.as_deref(),
            self.ticket.as_deref(),
            self.ip.as_deref(),
        ];
        let mut said = String::new();
        for word in words.into_iter().flatten().chain(values).filter(|word| *word != ERASED) {
            if !said.contains(word) {
                said.push_str(word);
                said.push('\n');
            }
        }
        folded(&said)
    }
}

/// A list keeps its length, as it does when it is read after the erasure.
fn erase_value(value: &mut Value) {
    match value {
        Value::Null => {}
        Value::Array(items) => items.iter_mut().for_each(erase_value),
        Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Object(_) => *value = ERASED.into(),
    }
}

fn is_clear_value(value: &Value) -> bool {
    match value {
        Value::Null => false,
        Value::Array(items) => items.iter().any(is_clear_value),
        Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Object(_) => {
            value.as_str() != Some(ERASED)
        }
    }
}

fn erase(text: &mut Option<String>) {
    if text.is_some() {
        *text = Some(ERASED.to_owned());
    }
}

fn is_clear(text: Option<&String>) -> bool {
    text.is_some_and(|text| text != ERASED)
}
