//! The acceptance table, and what it says of a case: an oracle that knows the table's words alone.

use super::scene::Case;
use crate::permission::facts::Facts;
use crate::permission::tests::csv_fields;
use std::sync::Arc;

const TABLE: &str = include_str!("../../../../tests/fixtures/voximplant_permissions.csv");
pub(super) const ROLES: [&str; 5] = ["owner", "administrator", "manager", "supervisor", "agent"];
/// Every word a cell may hold; another one fails the test instead of going unnoticed.
pub(super) const SCOPES: [&str; 9] =
    ["all", "lower", "managed", "assigned", "assigned:editor", "group", "own", "unassigned", "bot"];

/// One row: a function on one kind of target.
pub(super) struct Row {
    pub(super) permission: String,
    pub(super) kinds: Vec<String>,
    pub(super) cells: Vec<String>,
    /// Role, what is in brackets, limit word, values.
    pub(super) limits: Vec<(String, Option<String>, String, Vec<String>)>,
}

pub(super) fn rows() -> Vec<Row> {
    TABLE.lines().filter(|line| !line.starts_with('#')).skip(1).map(row).collect()
}

fn row(line: &str) -> Row {
    let fields = csv_fields(line);
    let [section, function, target, ..] = fields.as_slice() else { panic!("{line}") };
    Row {
        permission: format!("{}.{}", slug(section), slug(function)),
        kinds: target.split('+').map(str::to_owned).collect(),
        cells: fields[3..8].to_vec(),
        limits: fields[8].split('|').filter(|text| !text.trim().is_empty()).map(limit).collect(),
    }
}

/// `role[bracket]: word values`.
fn limit(text: &str) -> (String, Option<String>, String, Vec<String>) {
    // `assigned:editor` never stands in brackets, so the first `: ` ends the head.
    let (head, body) = text.trim().split_once(": ").unwrap();
    let (role, bracket) = match head.split_once('[') {
        Some((role, bracket)) => (role, Some(bracket.trim_end_matches(']').to_owned())),
        None => (head, None),
    };
    let (word, values) = body.split_once(' ').unwrap();
    let values = match word {
        "if" | "unless" => vec![values.to_owned()],
        "fields" | "actions" | "sections" | "parts" | "without_parts" => {
            values.split_whitespace().map(str::to_owned).collect()
        }
        other => panic!("unknown limit word `{other}`"),
    };
    (role.to_owned(), bracket, word.to_owned(), values)
}

/// Design §6: lower case, apostrophes dropped, other runs of non-alphanumerics as `_`.
fn slug(text: &str) -> String {
    let text = text.to_lowercase().replace(['\'', '’'], "");
    let words = text.split(|c: char| !c.is_ascii_alphanumeric()).filter(|word| !word.is_empty());
    words.collect::<Vec<_>>().join("_")
}

/// Facts that each limit word can tell apart, `None` among them; only for the words that the row uses.
pub(super) fn variants(row: &Row) -> Vec<Facts> {
    let uses = |word: &str, value: &str| {
        row.limits.iter().any(|(.., limit, values)| {
            limit == word && (value.is_empty() || values.iter().any(|v| v == value))
        })
    };
    let by_action = uses("actions", "")
        || row.limits.iter().any(|(_, bracket, ..)| bracket.as_deref().is_some_and(is_action));
    let mut all = vec![Facts::default()];
    if uses("fields", "") {
        all = vary(
            &all,
            &["", "skills", "email", "avatar", "max_chats", "role", "skills email"],
            |facts, word| {
                facts.fields = word.split_whitespace().map(Arc::from).collect();
            },
        );
    }
    if by_action {
        all = vary(&all, &["", "create", "edit", "delete", "create_sms"], |facts, word| {
            facts.action = text(word);
        });
    }
    if uses("sections", "") {
        all = vary(&all, &["", "dialing", "statuses"], |facts, word| facts.section = text(word));
    }
    if uses("parts", "") || uses("without_parts", "") {
        let parts = ["", "general_statistics", "billing", "details", "recording", "summary"];
        all = vary(&all, &parts, |facts, word| facts.part = text(word));
    }
    let flag = |word: &str| match word {
        "" => None,
        word => Some(word == "yes"),
    };
    for (word, set) in [
        ("in_use", (|facts, is| facts.in_use = is) as fn(&mut Facts, Option<bool>)),
        ("missed_in_scenario", |facts, is| facts.missed_in_scenario = is),
        ("function_or_api_token", |facts, is| facts.function_or_api_token = is),
    ] {
        if uses("unless", word) || uses("if", word) {
            all = vary(&all, &["", "yes", "no"], |facts, word| set(facts, flag(word)));
        }
    }
    all
}

fn text(word: &str) -> Option<Arc<str>> {
    (!word.is_empty()).then(|| word.into())
}

fn vary(all: &[Facts], words: &[&str], set: impl Fn(&mut Facts, &str)) -> Vec<Facts> {
    let mut varied = Vec::new();
    for facts in all {
        for word in words {
            let mut facts = facts.clone();
            set(&mut facts, word);
            varied.push(facts);
        }
    }
    varied
}

fn is_action(bracket: &str) -> bool {
    !SCOPES.contains(&bracket)
}

/// What the table says: some scope of the cell reaches the case, and the limits of that scope are met.
pub(super) fn expected(row: &Row, role: usize, case: &Case, facts: &Facts) -> bool {
    let scopes = row.cells[role].split('+').filter(|scope| *scope != "none");
    !case.foreign
        && scopes.into_iter().any(|scope| {
            (scope == "all" || case.reached_by.contains(&scope))
                && within(row, ROLES[role], scope, case, facts)
        })
}

fn within(row: &Row, role: &str, scope: &str, case: &Case, facts: &Facts) -> bool {
    let mine: Vec<_> = row.limits.iter().filter(|(whose, ..)| whose == role).collect();
    let by_action = mine.iter().any(|(_, bracket, ..)| bracket.as_deref().is_some_and(is_action));
    let listed = mine.iter().any(|(.., word, _)| word == "actions");
    // An action in brackets parts the cell by action, so the action must be said: create, edit or the one in brackets.
    let action = facts.action.as_deref();
    if by_action && !listed && !matches!(action, Some("create" | "edit" | "delete")) {
        return false;
    }
    mine.into_iter().all(|(_, bracket, word, values)| {
        let applies = bracket.as_deref().is_none_or(|b| b == scope || action == Some(b));
        !applies || meets(word, values, case, facts)
    })
}

fn meets(word: &str, values: &[String], case: &Case, facts: &Facts) -> bool {
    let lists = |fact: &Option<Arc<str>>| fact.as_deref().map(|fact| values.iter().any(|v| v == fact));
    match word {
        "fields" => {
            !facts.fields.is_empty() && facts.fields.iter().all(|field| values.iter().any(|v| **v == **field))
        }
        "actions" => lists(&facts.action) == Some(true),
        "sections" => lists(&facts.section) == Some(true),
        "parts" => lists(&facts.part) == Some(true),
        "without_parts" => lists(&facts.part) == Some(false),
        "if" => flag(&values[0], case, facts) == Some(true),
        "unless" => flag(&values[0], case, facts) == Some(false),
        other => panic!("unknown limit word `{other}`"),
    }
}

fn flag(word: &str, case: &Case, facts: &Facts) -> Option<bool> {
    match word {
        "active" => case.active,
        "role_is administrator" => Some(case.is_administrator),
        "in_use" => facts.in_use,
        "missed_in_scenario" => facts.missed_in_scenario,
        "function_or_api_token" => facts.function_or_api_token,
        other => panic!("unknown fact `{other}`"),
    }
}

/// The facts of the limits, on top of those that describe the case.
pub(super) fn joined(case: &Case, facts: &Facts) -> Facts {
    let Facts { agent, queue, group, bot, unassigned, .. } = case.facts.clone();
    Facts { agent, queue, group, bot, unassigned, ..facts.clone() }
}
