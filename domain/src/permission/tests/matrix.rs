//! The whole permission matrix of every catalog as a committed text: a change of policy is reviewed as its diff.
//!
//! After changing a catalog, write the files anew and read the difference:
//! `ROLLBOOK_WRITE_MATRIX=1 cargo test -p rollbook-domain matrix`

use crate::permission::catalog::{BuiltInRole, Catalog};
use crate::permission::grant::Grant;
use std::fmt::Write as _;
use std::path::Path;

fn matrix(catalog: &Catalog) -> String {
    let mut text = format!("{} version {}\n", catalog.name, catalog.version);
    for permission in catalog.permissions() {
        let targets: Vec<_> = permission.targets.iter().map(|kind| kind.word()).collect();
        writeln!(text, "\n{} ({})", permission.name, targets.join(", ")).unwrap();
        for role in &catalog.roles {
            writeln!(text, "    {:<14} {}", role.slug, cell(role, &permission.name)).unwrap();
        }
        for grant in catalog.everyone.value.of(&permission.name) {
            writeln!(text, "    {:<14} {}", "everyone", words(grant)).unwrap();
        }
    }
    text
}

fn cell(role: &BuiltInRole, permission: &str) -> String {
    let grants: Vec<_> = role.grants.of(permission).iter().map(words).collect();
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
