//! Users of Voximplant Kit as JSON: a list of objects. The members are chosen, since nobody says them: `name`, `email`,
//! `login` (without it the address), `role`, `groups`. Groups that are named and not there are added with these members.

use super::Unreadable;
use super::record::{Columns, Found, GroupRecord, Record, Row, UserRecord};
use super::report::{Note, RowError};
use serde_json::{Map, Value};
use std::collections::BTreeMap;

const KNOWN: [&str; 5] = ["name", "email", "login", "role", "groups"];
const NAMES: Columns = Columns(&[]);

pub(super) fn read(bytes: &[u8]) -> Result<Found, Unreadable> {
    let bytes = bytes.strip_prefix(&[0xef, 0xbb, 0xbf]).unwrap_or(bytes);
    let list = serde_json::from_slice::<Vec<Value>>(bytes);
    let list =
        list.map_err(|_| Unreadable::new("not_json", "the file is a JSON list of users, each an object"))?;
    let (mut rows, mut groups, mut unknown) = (Vec::new(), BTreeMap::new(), 0);
    for (value, number) in list.iter().zip(1_u32..) {
        let record = match value {
            Value::Object(json) => {
                unknown += u64::from(json.keys().any(|name| !KNOWN.contains(&name.as_str())));
                user(number, json, &mut groups)
            }
            _ => Err(RowError::new(number, "", "wrong_type", "is an object")),
        };
        rows.push(Row { number, record: record.map_err(|error| vec![error]) });
    }
    let group = |(name, (number, members))| Row {
        number,
        record: Ok(Record::Group(GroupRecord { name, members, columns: NAMES })),
    };
    rows.extend(groups.into_iter().map(group));
    let note = Note {
        what: "members".to_owned(),
        code: "not_taken".to_owned(),
        rows: unknown,
        detail: "of a user only name, email, login, role and groups are taken".to_owned(),
    };
    Ok(Found { rows, notes: Some(note).filter(|note| note.rows > 0).into_iter().collect() })
}

/// By name: the first row that names it, and who belongs to it.
type Groups = BTreeMap<String, (u32, Vec<String>)>;

fn user(number: u32, json: &Map<String, Value>, groups: &mut Groups) -> Result<Record, RowError> {
    let text = |name: &str| match json.get(name) {
        None | Some(Value::Null) => Ok(None),
        Some(Value::String(text)) => Ok(Some(text.trim().to_owned()).filter(|text| !text.is_empty())),
        Some(_) => Err(RowError::new(number, name, "wrong_type", "is a text")),
    };
    let needed = |name: &str, value: Option<String>| {
        value.ok_or_else(|| RowError::new(number, name, "required", "this member is needed"))
    };
    let email = text("email")?;
    let login = needed("email", text("login")?.or_else(|| email.clone()))?;
    let (name, role) = (needed("name", text("name")?)?, text("role")?);
    let wrong = || RowError::new(number, "groups", "wrong_type", "is a list of texts");
    let named = match json.get("groups") {
        None | Some(Value::Null) => Vec::new(),
        Some(Value::Array(list)) => {
            let names = list.iter().map(|name| name.as_str().map(|name| name.trim().to_owned()));
            names.collect::<Option<Vec<_>>>().ok_or_else(wrong)?
        }
        Some(_) => return Err(wrong()),
    };
    for group in named {
        groups.entry(group).or_insert_with(|| (number, Vec::new())).1.push(login.clone());
    }
    Ok(Record::User(Box::new(UserRecord {
        login,
        name,
        email,
        role,
        columns: NAMES,
        ..UserRecord::default()
    })))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn users_are_read_with_their_groups_after_them() {
        let file = r#"[{"name":"Ana","email":"ana@v.example","role":"Agent","groups":["West","East"],"skills":[1]},
            {"name":"Bo","login":"bo","groups":["West"]}, {"name":"Cy"}, 7]"#;
        let found = read(file.as_bytes()).unwrap();
        let told: Vec<_> = found
            .rows
            .iter()
            .map(|row| match &row.record {
                Ok(Record::User(user)) => format!("{} {}", row.number, user.login),
                Ok(Record::Group(group)) => {
                    format!("{} {} {}", row.number, group.name, group.members.join(" "))
                }
                Ok(other) => panic!("{other:?}"),
                Err(errors) => format!("{} {} {}", row.number, errors[0].field, errors[0].code),
            })
            .collect();
        let wanted = [
            "1 ana@v.example",
            "2 bo",
            "3 email required",
            "4  wrong_type",
            "1 East ana@v.example",
            "1 West ana@v.example bo",
        ];
        assert_eq!(told, wanted);
        assert_eq!(found.notes[0].rows, 1);
        assert_eq!(read(b"{}").unwrap_err().code, "not_json");
    }

    proptest! {
        #[test]
        fn no_bytes_make_it_panic(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
            let _read_or_refused = read(&bytes);
        }
    }
}
