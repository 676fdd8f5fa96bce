//! The one place that prints.

use super::Failure;
use serde_json::{Value, json};
use std::io::Write as _;

/// Prints answers as text or as JSON.
#[derive(Clone, Copy, Debug)]
pub(super) struct Output {
    json: bool,
}

impl Output {
    pub(super) fn new(json: bool) -> Self {
        Self { json }
    }

    /// Prints an answer: `text` for people, `json` with `--json`.
    pub(super) fn answer(self, text: &str, json: &Value) {
        if self.json { line(&json.to_string()) } else { line(text) }
    }

    /// Prints a line of standard output as it is.
    pub(super) fn plain(self, text: &str) {
        line(text);
    }

    /// Prints why a command failed to standard error.
    pub(super) fn failure(self, failure: &Failure) {
        let text = if self.json {
            json!({ "error": failure.to_string() }).to_string()
        } else {
            format!("rollbook: {failure}")
        };
        let _unprintable = writeln!(std::io::stderr(), "{text}");
    }
}

fn line(text: &str) {
    // A reader that went away (`| head`) is no failure of the command.
    let mut out = anstream::stdout();
    let _unprintable = writeln!(out, "{text}").and_then(|()| out.flush());
}
