//! Three entries whose bytes and hashes never change. The hashes were computed by Python's hashlib.
//!
//! If this fails, history written before could not be verified any more: mend the code, not the files.

use rollbook_ledger::entry::{Entry, LedgerId, LedgerKind, Sealed};

const GOLDEN: [(&str, &str, &str); 3] = [
    ("plain", include_str!("../fixtures/entries/plain.json"), include_str!("../fixtures/entries/plain.leaf")),
    (
        "unicode",
        include_str!("../fixtures/entries/unicode.json"),
        include_str!("../fixtures/entries/unicode.leaf"),
    ),
    (
        "limits",
        include_str!("../fixtures/entries/limits.json"),
        include_str!("../fixtures/entries/limits.leaf"),
    ),
];

fn entry(text: &str) -> Entry {
    let json: serde_json::Value = serde_json::from_str(text).unwrap();
    let string = |pointer: &str| json.pointer(pointer).unwrap().as_str().unwrap().to_owned();
    Entry {
        ledger: LedgerId::new(LedgerKind::parse(&string("/ledger/type")).unwrap(), string("/ledger/id")),
        position: json["position"].as_u64().unwrap(),
        event_type: string("/type"),
        version: string("/version"),
        payload: json["payload"].clone(),
        metadata: serde_json::from_value(json["metadata"].clone()).unwrap(),
    }
}

#[test]
fn the_golden_entries_seal_to_the_same_bytes_and_hashes_for_ever() {
    for (name, text, leaf) in GOLDEN {
        let sealed = Sealed::seal(entry(text)).unwrap();
        assert_eq!(sealed.canonical().unwrap(), text, "{name}");
        assert_eq!(hex::encode(sealed.leaf()), leaf.trim(), "{name}");
    }
}
