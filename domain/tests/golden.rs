//! What was ever stored must be read for ever: one golden file per kind and version of event, and the page that
//! lists them all.
//!
//! `ROLLBOOK_WRITE_GOLDEN=1 cargo test -p rollbook-domain --test golden` writes what is missing and the page; it
//! never overwrites a golden file. A new shape is a new version and a new file, plus an upcaster in the ledger.
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "helpers of tests; the lints exempt only what is marked #[test]"
)]

use rollbook_domain::event::{Event, catalogue, event_type};
use rollbook_domain::kernel::event_type::{EventType, Shape};
use rollbook_domain::kernel::personal::{self, Opened};
use serde_json::{Map, Value, json};
use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::fs;
use std::path::PathBuf;

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("..")
}

fn writing() -> bool {
    std::env::var_os("ROLLBOOK_WRITE_GOLDEN").is_some()
}

fn files() -> BTreeSet<String> {
    let entries = fs::read_dir(root().join("tests/fixtures/events")).into_iter().flatten();
    entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect()
}

fn read(file: &str) -> Value {
    let text = fs::read_to_string(root().join("tests/fixtures/events").join(file)).unwrap();
    serde_json::from_str(&text).unwrap()
}

fn current() -> Vec<String> {
    catalogue().map(|row| format!("{}.v{}.json", row.name, row.version)).collect()
}

fn salt(text: &str) -> [u8; 16] {
    let byte = |pair: &[u8]| u8::from_str_radix(std::str::from_utf8(pair).unwrap(), 16).unwrap();
    let bytes: Vec<u8> = text.as_bytes().chunks(2).map(byte).collect();
    bytes.try_into().unwrap()
}

/// The payload with the values of the sidecar in the place of its commitments, each checked.
fn revealed(sample: &Value) -> Value {
    let mut payload = sample["payload"].clone();
    let values = sample["personal"].as_array().unwrap();
    let count = personal::reveal(&mut payload, &mut |ordinal, commitment| {
        let value = &values[ordinal];
        let opened = Opened {
            salt: salt(value["salt"].as_str().unwrap()),
            value: value["value"].as_str().unwrap().into(),
        };
        assert_eq!(personal::commitment(&opened.salt, &opened.value), commitment);
        Ok::<_, String>(Some(opened))
    });
    assert_eq!(count, Ok(values.len()));
    payload
}

#[test]
fn every_event_ever_stored_is_read_and_written_back_to_the_same_bytes() {
    for file in current() {
        if !files().contains(&file) {
            continue;
        }
        let sample = read(&file);
        let (name, version) = (sample["type"].as_str().unwrap(), sample["version"].as_str().unwrap());
        assert_eq!(file, format!("{name}.v{version}.json"));
        let event = Event::decode(name, version, revealed(&sample)).unwrap_or_else(|e| panic!("{file}: {e}"));
        let mut payload = event.payload();
        personal::seal(&mut payload);
        assert_eq!(payload.to_string(), sample["payload"].to_string(), "{file}");
    }
}

#[test]
fn every_kind_of_event_has_its_golden_file_and_every_file_its_kind() {
    for row in catalogue() {
        let file = format!("{}.v{}.json", row.name, row.version);
        if writing() && !files().contains(&file) {
            let text = serde_json::to_string_pretty(&sample(row)).unwrap();
            let folder = root().join("tests/fixtures/events");
            fs::create_dir_all(&folder).unwrap();
            fs::write(folder.join(file), text + "\n").unwrap();
        }
    }
    let files = files();
    let missing: Vec<_> = current().into_iter().filter(|file| !files.contains(file)).collect();
    assert!(missing.is_empty(), "no golden file for {missing:?}: run with ROLLBOOK_WRITE_GOLDEN=1");
    for file in &files {
        let (name, version) = file.strip_suffix(".json").and_then(|stem| stem.rsplit_once(".v")).unwrap();
        let row = event_type(name).unwrap_or_else(|| panic!("{file} is of no kind of event"));
        let versions = 1..=row.version.parse::<u32>().unwrap();
        assert!(versions.contains(&version.parse().unwrap()), "{file} is of no version of its event");
    }
}

/// The events of the sample come from `fixtures/events.json`: payloads with `"$personal"` marks, by stored name.
fn sample(row: &EventType) -> Value {
    let samples: Map<String, Value> = serde_json::from_str(include_str!("fixtures/events.json")).unwrap();
    let payload = samples.get(row.name).unwrap_or_else(|| panic!("fixtures/events.json lacks {}", row.name));
    let event = Event::decode(row.name, row.version, payload.clone()).unwrap_or_else(|e| panic!("{e}"));
    let text = Event::decode_text(row.name, row.version, &payload.to_string());
    assert_eq!(text.as_ref(), Ok(&event), "its text is read as its JSON is");
    let mut sealed = event.payload();
    let taken = personal::seal(&mut sealed);
    let values = taken.into_iter().flatten().map(|Opened { salt, value }| {
        let salt = salt.iter().fold(String::new(), |mut text, byte| {
            write!(text, "{byte:02x}").unwrap();
            text
        });
        json!({ "salt": salt, "value": value.as_ref() })
    });
    json!({
        "type": row.name,
        "version": row.version,
        "payload": sealed,
        "personal": values.collect::<Vec<_>>(),
    })
}

#[test]
fn the_page_of_events_is_what_the_catalogue_says() {
    let path = root().join("docs/EVENTS.md");
    let page = page();
    if writing() {
        fs::create_dir_all(root().join("docs")).unwrap();
        fs::write(&path, &page).unwrap();
    }
    let stored = fs::read_to_string(&path).unwrap_or_default();
    assert!(stored == page, "docs/EVENTS.md is stale: run with ROLLBOOK_WRITE_GOLDEN=1");
}

fn page() -> String {
    let mut page = String::from(
        "# Events\n\nEvery kind of event that an organization's ledger can hold, generated from \
         `rollbook_domain::event::catalogue()` and locked\nby `domain/tests/golden.rs`. The payload names the \
         subject first; values marked *personal* stand in the entry as\ncommitments. A golden sample of each is in \
         `tests/fixtures/events/`.\n\nShapes: **created** – every member is a field that was not there; **field** – \
         `from` and `to` of one field; **set** – `added`\nand `removed` of a set; **element** – `from` and `to` of \
         one element of a map; **passing** – `from` and `to` of a field\nthat passes by itself and is never undone; **fact** – \
         something that is no field and is never undone.\nClasses are those of \
         [OCSF](https://schema.ocsf.io): 3001 account change, 3004 entity management,\n3005 user access, 3006 group \
         management.\n\n| event | version | what it says | payload | shape | OCSF |\n|---|---|---|---|---|---|\n",
    );
    for row in catalogue() {
        let (name, version, sentence) = (row.name, row.version, row.sentence);
        let class = row.class.class_uid();
        let members = members(row).join(", ");
        writeln!(page, "| `{name}` | {version} | {sentence} | {members} | {} | {class} |", shape(row.shape))
            .unwrap();
    }
    page
}

fn shape(shape: Shape) -> String {
    match shape {
        Shape::Created => "created".into(),
        Shape::Field(field) => format!("field `{field}`"),
        Shape::Elements(field) => format!("set `{field}`"),
        Shape::Passing(field) => format!("passing `{field}`"),
        Shape::Element(field, by) => format!("element of `{field}` by `{by}`"),
        Shape::Fact => "fact".into(),
    }
}

fn members(row: &EventType) -> Vec<String> {
    let file = format!("{}.v{}.json", row.name, row.version);
    let sample = if files().contains(&file) { read(&file) } else { sample(row) };
    let payload = sample["payload"].as_object().unwrap().clone();
    let word = row.name.split('.').next().unwrap();
    let mut members: Vec<_> = payload.into_iter().collect();
    members.sort_by_key(|(name, _)| (name != word, name.clone()));
    let committed =
        |value: &Value| value.as_str().is_some_and(|text| text.starts_with(personal::COMMIT_PREFIX));
    let personal =
        |value: &Value| committed(value) || value.as_array().is_some_and(|all| all.iter().any(committed));
    members
        .into_iter()
        .map(
            |(name, value)| {
                if personal(&value) { format!("`{name}` *personal*") } else { format!("`{name}`") }
            },
        )
        .collect()
}
