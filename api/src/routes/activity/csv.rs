//! Rows of the activity log as CSV (RFC 4180), safe to open in a spreadsheet.

use rollbook_projections::activity_log::{Changed, Row};
use serde_json::Value;

/// The names of the columns, in order.
pub(super) const HEADER: &str = "at,ledger,position,actor_kind,actor_id,actor_login,actor_role,actor_token,action,sentence,\
     outcome,subject_kind,subject_id,subject_label,changes,reason,ticket,channel,ip,agent,session,request,\
     authority,batch,count\r\n";

/// Appends one row.
pub(super) fn push(csv: &mut String, row: &Row) {
    let text = |text: &Option<String>| text.clone().unwrap_or_default();
    let id = |id: Option<uuid::Uuid>| id.map(|id| id.to_string()).unwrap_or_default();
    let (kind, about, label) = row.subject.as_ref().map_or_else(Default::default, |subject| {
        (subject.kind.to_string(), subject.id.to_string(), text(&subject.label))
    });
    let ledger = serde_json::to_value(row.ledger).unwrap_or(Value::Null);
    let cells = [
        row.at.to_string(),
        ledger.as_str().unwrap_or_default().to_owned(),
        row.position.to_string(),
        row.actor.kind.clone(),
        id(row.actor.id),
        text(&row.actor.label),
        text(&row.actor.role),
        text(&row.actor.token),
        row.action.clone(),
        row.sentence.clone(),
        row.outcome.word().to_owned(),
        kind,
        about,
        label,
        changes(&row.changes),
        text(&row.reason),
        text(&row.ticket),
        text(&row.channel),
        text(&row.ip),
        text(&row.agent),
        text(&row.session),
        text(&row.request),
        text(&row.authority),
        row.batch.to_string(),
        row.count.to_string(),
    ];
    for (nth, cell) in cells.iter().enumerate() {
        if nth > 0 {
            csv.push(',');
        }
        push_cell(csv, cell);
    }
    csv.push_str("\r\n");
}

fn changes(changes: &[Changed]) -> String {
    if changes.is_empty() { String::new() } else { serde_json::to_string(changes).unwrap_or_default() }
}

/// A spreadsheet takes a cell that begins so for a formula; a leading `'` makes it text.
pub(in crate::routes) fn push_cell(csv: &mut String, cell: &str) {
    let is_formula = cell.starts_with(['=', '+', '-', '@', '\t', '\r']);
    let is_quoted = cell.contains([',', '"', '\r', '\n']);
    if is_quoted {
        csv.push('"');
    }
    if is_formula {
        csv.push('\'');
    }
    if is_quoted {
        csv.push_str(&cell.replace('"', "\"\""));
        csv.push('"');
    } else {
        csv.push_str(cell);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cell(text: &str) -> String {
        let mut csv = String::new();
        push_cell(&mut csv, text);
        csv
    }

    #[test]
    fn what_a_spreadsheet_would_calculate_is_made_text() {
        for formula in ["=1+1", "+1", "-1", "@SUM(A1)", "\tx"] {
            assert_eq!(cell(formula), format!("'{formula}"));
        }
        assert_eq!(cell("\r=1"), "\"'\r=1\"");
        assert_eq!(cell("=HYPERLINK(\"a\",\"b\")"), "\"'=HYPERLINK(\"\"a\"\",\"\"b\"\")\"");
    }

    #[test]
    fn separators_and_quotes_stay_inside_their_cell() {
        assert_eq!(cell("a,b"), "\"a,b\"");
        assert_eq!(cell("a\nb"), "\"a\nb\"");
        assert_eq!(cell("say \"so\""), "\"say \"\"so\"\"\"");
        assert_eq!(cell("plain"), "plain");
    }
}
