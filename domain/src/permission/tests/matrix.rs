//! The whole permission matrix of every catalog as a committed text: a change of policy is reviewed as its diff.
//!
//! After changing a catalog, write the files anew and read the difference:
//! `ROLLBOOK_WRITE_MATRIX=1 cargo test -p rollbook-domain matrix`

use crate::permission::catalog::{BuiltInRole, Catalog, KeyName, Permission};
use crate::permission::grant::Grant;
use std::fmt::Write as _;
use std::path::Path;

fn matrix(catalog: &Catalog) -> String {
    let mut text = format!("{} version {}\n", catalog.name, catalog.version);
    for permission in catalog.permissions() {
        let targets: Vec<_> = permission.targets.iter().map(|kind| kind.word()).collect();
        writeln!(text, "\n{} ({}){}", permission.name, targets.join(", "), guards(permission)).unwrap();
        for role in &catalog.roles {
            writeln!(text, "    {:<14} {}", role.slug, cell(catalog, role, permission)).unwrap();
        }
        for grant in catalog.everyone.value.of(&permission.name) {
            writeln!(text, "    {:<14} {}", "everyone", words(grant)).unwrap();
        }
        if !permission.covers.is_empty() {
            writeln!(text, "    {:<14} {}", "covers", permission.covers.join(", ")).unwrap();
        }
    }
    keys(catalog, &mut text);
    objects(catalog, &mut text);
    text
}

fn guards(permission: &Permission) -> String {
    let mut text = String::new();
    if let Some(key) = &permission.key {
        write!(text, ", key {}", key.name).unwrap();
    }
    for key in &permission.restricted_by {
        write!(text, ", not with {}", key.name).unwrap();
    }
    text
}

/// Of each reserved key what it is, and which roles hold it.
fn keys(catalog: &Catalog, text: &mut String) {
    for key in &catalog.keys {
        let mut words = vec![key.category.clone(), key.origin.word().to_owned()];
        words.extend(key.restricts.then(|| "restricts".to_owned()));
        words.extend(key.required.then(|| "required".to_owned()));
        words.extend(key.needs.iter().map(|needed| format!("needs {needed}")));
        let holders = catalog.roles.iter().filter(|role| role.keys.contains(&key.name));
        let holders: Vec<_> = holders.map(|role| role.slug.as_ref()).collect();
        let holders = if holders.is_empty() { vec!["nobody"] } else { holders };
        writeln!(text, "\nkey {} ({})\n    {}", key.name, words.join(", "), holders.join(" ")).unwrap();
    }
}

/// Of each kind of objects by which functions it is opened and what may use it.
fn objects(catalog: &Catalog, text: &mut String) {
    for row in &catalog.objects {
        let mut words = vec![row.origin.word().to_owned()];
        words.extend(row.lock.iter().map(|over| format!("locked {}", over.join(" "))));
        words.extend(row.reports_lock.iter().map(|over| format!("locked for reports {}", over.join(" "))));
        words.extend(row.function_or_api_token.then(|| "of a function or API token".to_owned()));
        let words: Vec<_> = words.iter().map(|word| word.trim()).collect();
        writeln!(text, "\nobject {} ({})", row.kind, words.join(", ")).unwrap();
        let mut line = |word: &str, says: &str| writeln!(text, "    {word:<14} {says}").unwrap();
        line(row.create_action(), row.may_create());
        line("edit", row.may_edit());
        line("delete", row.may_archive());
        if row.contents.is_some() {
            line("contents", row.may_change_contents());
        }
        if !row.used_by.is_empty() {
            line("used by", &row.used_by.join(", "));
        }
    }
}

/// What the role gives; where a key decides, what its holders have by what everybody is granted.
fn cell(catalog: &Catalog, role: &BuiltInRole, permission: &Permission) -> String {
    let holds = |key: &KeyName| role.keys.contains(&key.name);
    if !permission.key.as_ref().is_none_or(holds) || permission.restricted_by.iter().any(holds) {
        return "-".to_owned();
    }
    let shared = permission.key.iter().flat_map(|_| catalog.everyone.value.of(&permission.name));
    let grants: Vec<_> = role.grants.of(&permission.name).iter().chain(shared).map(words).collect();
    if grants.is_empty() { "-".to_owned() } else { grants.join("; ") }
}

fn words(grant: &Grant) -> String {
    let limits = &grant.limits;
    let mut text = grant.scope.to_string();
    for (word, values) in [
        ("fields", &limits.fields),
        ("actions", &limits.actions),
        ("sections", &limits.sections),
        ("parts", &limits.parts),
        ("without_parts", &limits.without_parts),
        ("if", &limits.only_if),
        ("unless", &limits.unless),
    ] {
        if !values.is_empty() {
            let values: Vec<_> = values.iter().map(AsRef::as_ref).collect();
            write!(text, " [{word} {}]", values.join(", ")).unwrap();
        }
    }
    text
}

#[test]
fn the_matrix_of_every_catalog_is_as_committed() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/permission/matrix");
    for name in Catalog::names() {
        let file = folder.join(format!("{name}.txt"));
        let now = matrix(Catalog::newest(name).unwrap());
        if std::env::var_os("ROLLBOOK_WRITE_MATRIX").is_some() {
            std::fs::write(&file, &now).unwrap();
        }
        let committed = std::fs::read_to_string(&file).unwrap_or_default();
        assert!(now == committed, "{name}: the matrix changed; see the head of this file");
    }
}

#[test]
fn owner_holds_everything_and_administrator_all_but_the_mark_and_the_transfer() {
    let catalog = Catalog::newest("standard").unwrap();
    let lacks = |slug: &str| -> Vec<String> {
        let role = catalog.role(slug).unwrap();
        let lacking = catalog.permissions().filter(|permission| role.grants.of(&permission.name).is_empty());
        lacking.map(|permission| permission.name.to_string()).collect()
    };
    assert!(lacks("owner").is_empty());
    assert_eq!(lacks("administrator"), ["access.grant_any", "organization.transfer"]);
}
