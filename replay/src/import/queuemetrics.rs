//! A dump of a QueueMetrics configuration: one record a line, the editor's name, a tabulator, and its JSON in base64.
//!
//! Agents have the names that the vendor's JSON has. Those of classes, users, groups and queues are chosen, since nobody
//! says them: the labels of the forms. A queue that is composed of one name is that telephone queue, and no aggregate.
//! Keys that classes, users, agents and queues name come first, each as a row of its own.

use super::Unreadable;
use super::record::{
    AgentRecord, Columns, Found, GroupRecord, KeyRecord, QueueRecord, Record, RoleRecord, Row, UserRecord,
};
use super::report::{Note, RowError};
use super::text;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Map, Value};
use std::collections::BTreeMap;

/// Editors that the vendor's tool knows and that there is no place for.
const NOT_TAKEN: [&str; 14] = [
    "location",
    "outcome",
    "pause",
    "ivr",
    "dnis",
    "qaForm",
    "qaItem",
    "report",
    "reportScreen",
    "reportItem",
    "exportJob",
    "exportReport",
    "skills",
    "knownnumbers",
];

const CLASS: Columns = Columns(&[]);
const USER: Columns = Columns(&[("name", "real_name"), ("role", "class")]);
const AGENT: Columns = Columns(&[
    ("code", "nome_agente"),
    ("description", "descr_agente"),
    ("visibility_key", "chiave_agente"),
    ("group", "group_name"),
    ("supervisor", "supervised_by"),
    ("location", "loc_name"),
    ("queues", "ltCodeAssociate"),
]);
const QUEUE: Columns = Columns(&[("parts", "composition")]);

pub(super) fn read(bytes: &[u8]) -> Result<Found, Unreadable> {
    let (text, _) = text::decode(bytes);
    let (mut rows, mut left) = (Vec::new(), BTreeMap::<&'static str, u64>::new());
    for (line, number) in text.lines().zip(1_u32..) {
        if line.trim().is_empty() {
            continue;
        }
        let (editor, json) = line.split_once('\t').ok_or_else(|| not_a_dump(number))?;
        if let Some(known) = NOT_TAKEN.iter().find(|known| **known == editor) {
            *left.entry(known).or_default() += 1;
            continue;
        }
        let record = decoded(number, json).and_then(|json| record(number, editor, &json));
        rows.push(Row { number, record });
    }
    let mut all = keys(&rows);
    all.append(&mut rows);
    all.sort_by_key(Row::stage);
    let note = |(editor, rows): (&str, u64)| Note {
        what: editor.to_owned(),
        code: "not_taken".to_owned(),
        rows,
        detail: "there is no such thing in Rollbook; it was left alone".to_owned(),
    };
    Ok(Found { rows: all, notes: left.into_iter().map(note).collect() })
}

fn not_a_dump(line: u32) -> Unreadable {
    Unreadable::new(
        "not_a_dump",
        format!("line {line} is no record: an editor's name, a tabulator, and JSON in base64"),
    )
}

fn decoded(number: u32, text: &str) -> Result<Map<String, Value>, Vec<RowError>> {
    let bytes = STANDARD.decode(text.trim()).ok();
    let json = bytes.and_then(|bytes| serde_json::from_slice(&bytes).ok());
    json.ok_or_else(|| {
        vec![RowError::new(
            number,
            "",
            "not_a_record",
            "after the tabulator there is a JSON object in base64",
        )]
    })
}

fn record(number: u32, editor: &str, json: &Map<String, Value>) -> Result<Record, Vec<RowError>> {
    let fields = Fields { json, number };
    let record = match editor {
        "class" => fields.class(),
        "user" => fields.user(),
        "agent" => fields.agent(),
        "agentGroup" => fields.group(),
        "queue" => fields.queue(),
        _ => Err(RowError::new(
            number,
            "",
            "unknown_editor",
            "there is no editor of this name in QueueMetrics",
        )),
    };
    record.map_err(|error| vec![error])
}

struct Fields<'a> {
    json: &'a Map<String, Value>,
    number: u32,
}

impl Fields<'_> {
    /// What a member says as text, if it says anything.
    fn text(&self, name: &str) -> Result<Option<String>, RowError> {
        match self.json.get(name) {
            None | Some(Value::Null) => Ok(None),
            Some(Value::String(text)) => Ok(Some(text.trim().to_owned()).filter(|text| !text.is_empty())),
            Some(Value::Number(number)) => Ok(Some(number.to_string())),
            Some(Value::Bool(_) | Value::Array(_) | Value::Object(_)) => {
                Err(RowError::new(self.number, name, "wrong_type", "is a text"))
            }
        }
    }

    fn needed(&self, name: &str) -> Result<String, RowError> {
        let missing = || RowError::new(self.number, name, "required", "this member is needed");
        self.text(name)?.ok_or_else(missing)
    }

    fn flag(&self, name: &str) -> Result<Option<bool>, RowError> {
        if let Some(Value::Bool(flag)) = self.json.get(name) {
            return Ok(Some(*flag));
        }
        match self.text(name)?.map(|text| text.to_ascii_lowercase()).as_deref() {
            None => Ok(None),
            Some("1" | "true" | "yes" | "y" | "on") => Ok(Some(true)),
            Some("0" | "false" | "no" | "n" | "off") => Ok(Some(false)),
            Some(_) => Err(RowError::new(self.number, name, "unknown_word", "is true or false")),
        }
    }

    /// Keys as one text; one that is there and empty is none at all.
    fn keys(&self, name: &str) -> Result<Option<Vec<String>>, RowError> {
        if !self.json.contains_key(name) {
            return Ok(None);
        }
        let text = self.text(name)?.unwrap_or_default();
        Ok(Some(text.split_whitespace().map(str::to_owned).collect()))
    }

    fn barred(&self, name: &str) -> Result<Option<Vec<String>>, RowError> {
        let split = |text: String| {
            let parts = text.split('|').map(str::trim).filter(|part| !part.is_empty());
            parts.map(str::to_owned).collect()
        };
        Ok(self.text(name)?.map(split))
    }

    fn class(&self) -> Result<Record, RowError> {
        let keys = self.keys("keys")?;
        if keys.iter().flatten().any(|key| key.starts_with('-')) {
            let detail = "a class holds keys; a minus takes away, and only a user has it";
            return Err(RowError::new(self.number, "keys", "not_acceptable", detail));
        }
        let (name, description) = (self.needed("name")?, self.text("description")?);
        Ok(Record::Role(RoleRecord { name, description, keys, columns: CLASS }))
    }

    fn user(&self) -> Result<Record, RowError> {
        Ok(Record::User(Box::new(UserRecord {
            login: self.needed("login")?,
            name: self.needed("real_name")?,
            email: self.text("email")?,
            role: Some(self.needed("class")?),
            keys: self.keys("keys")?,
            masterkey: self.flag("masterkey")?,
            enabled: self.flag("enabled")?,
            columns: USER,
            ..UserRecord::default()
        })))
    }

    fn agent(&self) -> Result<Record, RowError> {
        Ok(Record::Agent(Box::new(AgentRecord {
            code: self.needed("nome_agente")?,
            description: self.text("descr_agente")?,
            aliases: self.barred("aliases")?,
            location: self.text("loc_name")?,
            group: self.text("group_name")?,
            supervisor: self.text("supervised_by")?,
            key: self.text("chiave_agente")?,
            payroll_code: self.text("payroll_code")?,
            queues: self.levels("ltCodeAssociate")?,
            columns: AGENT,
        })))
    }

    /// `[[direction, queue, level], …]`; the queue `All` says nothing of single ones.
    fn levels(&self, name: &str) -> Result<Option<Vec<(String, String)>>, RowError> {
        let wrong =
            || RowError::new(self.number, name, "wrong_type", "is a list of [direction, queue, level]");
        let Some(list) = self.json.get(name).filter(|value| !value.is_null()) else { return Ok(None) };
        let one = |item: &Value| {
            let text = |place: usize| item.get(place).and_then(Value::as_str).map(str::to_owned);
            text(1).zip(text(2)).ok_or_else(wrong)
        };
        let levels = list.as_array().ok_or_else(wrong)?.iter().map(one).collect::<Result<Vec<_>, _>>()?;
        Ok(Some(levels.into_iter().filter(|(queue, _)| queue != "All").collect()))
    }

    fn group(&self) -> Result<Record, RowError> {
        Ok(Record::Group(GroupRecord { name: self.needed("name")?, members: Vec::new(), columns: CLASS }))
    }

    fn queue(&self) -> Result<Record, RowError> {
        let parts = self.barred("composition")?.filter(|parts| parts.len() > 1);
        let (name, key) = (self.needed("name")?, self.text("visibility_key")?);
        Ok(Record::Queue(QueueRecord { name, key, parts, columns: QUEUE }))
    }
}

/// A row for each key that the others name, at the first line that does.
fn keys(rows: &[Row]) -> Vec<Row> {
    let mut found: BTreeMap<String, u32> = BTreeMap::new();
    for Row { number, record } in rows {
        let named: Vec<&str> = match record {
            Ok(Record::Role(role)) => role.keys.iter().flatten().map(String::as_str).collect(),
            Ok(Record::User(user)) => {
                user.keys.iter().flatten().map(|key| key.trim_start_matches('-')).collect()
            }
            Ok(Record::Agent(agent)) => agent.key.as_deref().into_iter().collect(),
            Ok(Record::Queue(queue)) => queue.key.as_deref().into_iter().collect(),
            Ok(Record::Key(_) | Record::Group(_)) | Err(_) => Vec::new(),
        };
        for name in named {
            found.entry(name.to_owned()).or_insert(*number);
        }
    }
    let row = |(name, number)| Row { number, record: Ok(Record::Key(KeyRecord { name, columns: CLASS })) };
    found.into_iter().map(row).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use serde_json::json;

    fn line(editor: &str, json: &Value) -> String {
        format!("{editor}\t{}\n", STANDARD.encode(json.to_string()))
    }

    #[test]
    fn keys_come_before_classes_and_classes_before_users_whatever_the_order_of_the_dump() {
        let dump =
            line("user", &json!({ "login": "bo", "real_name": "Bo", "class": "TEAM", "keys": "A -B" }))
                + &line("location", &json!({ "name": "here" }))
                + &line("class", &json!({ "name": "TEAM", "keys": "USER A" }));
        let found = read(dump.as_bytes()).unwrap();
        let told: Vec<_> = found.rows.iter().map(|row| (row.number, row.stage())).collect();
        assert_eq!(told, [(1, 0), (1, 0), (3, 0), (3, 1), (1, 2)]);
        assert_eq!((found.notes[0].what.as_str(), found.notes[0].rows), ("location", 1));
    }

    #[test]
    fn what_is_no_record_is_told_by_its_line() {
        let bad = |dump: &str| read(dump.as_bytes()).unwrap().rows.remove(0).record.unwrap_err().remove(0);
        assert_eq!(read(b"class {}\n").unwrap_err().code, "not_a_dump");
        assert_eq!(bad("class\t????\n").code, "not_a_record");
        assert_eq!(bad(&line("class", &json!([]))).code, "not_a_record");
        assert_eq!(bad(&line("planet", &json!({}))).code, "unknown_editor");
        let user = bad(&line("user", &json!({ "login": "bo", "real_name": "Bo" })));
        assert_eq!((user.field.as_str(), user.code.as_str()), ("class", "required"));
        let class = bad(&line("class", &json!({ "name": "T", "keys": "A -B" })));
        assert_eq!((class.field.as_str(), class.code.as_str()), ("keys", "not_acceptable"));
        let flag = json!({ "login": "bo", "real_name": "Bo", "class": "T", "enabled": "perhaps" });
        assert_eq!(bad(&line("user", &flag)).field, "enabled");
    }

    proptest! {
        #[test]
        fn no_record_makes_it_panic(editor in "[a-zA-Z]{0,10}", bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
            let _read_or_refused = read(format!("{editor}\t{}", STANDARD.encode(&bytes)).as_bytes());
            let _read_or_refused = read(&bytes);
        }
    }
}
