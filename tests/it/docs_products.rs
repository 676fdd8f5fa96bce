//! `docs/PRODUCTS.md` names tests and calls that are there, and says of every line of the products' checklists
//! whether it is.

use crate::docs_tables::{root, sources};
use std::collections::BTreeSet;

/// The products and how many lines the checklist of each has.
const CHECKLISTS: [(&str, usize); 4] =
    [("QueueMetrics", 18), ("Voximplant Kit", 13), ("XCALLY Motion", 17), ("uContact", 11)];

fn page() -> String {
    std::fs::read_to_string(root().join("docs/PRODUCTS.md")).unwrap()
}

/// What a section says of a product: the rows of its table, and the paragraph of what is missing.
fn section(page: &str, product: &str) -> (Vec<Vec<String>>, String) {
    let body = page.split(&format!("\n## {product}\n")).nth(1).unwrap_or_else(|| panic!("no {product}"));
    let body = body.split("\n## ").next().unwrap();
    let rows = body.lines().filter(|line| line.starts_with("| ") && !line.starts_with("| line"));
    let cells = |row: &str| row.trim_matches('|').split(" | ").map(|cell| cell.trim().to_owned()).collect();
    let missing = body.split("Not there yet:").nth(1).unwrap_or_else(|| panic!("{product} misses nothing?"));
    (rows.map(cells).collect(), missing.replace('\n', " "))
}

/// The names of all tests.
fn tests() -> BTreeSet<String> {
    let mut all = Vec::new();
    for folder in
        ["domain/src", "domain/tests", "ledger/src", "projections/src", "replay/src", "api/src", "tests/it"]
    {
        sources(&root().join(folder), &mut all);
    }
    let marked = all.iter().flat_map(|source| source.split("#[test]").chain(source.split("#[tokio::test]")));
    let name = |rest: &str| {
        let rest = rest.trim_start();
        let rest = rest.strip_prefix("async ").unwrap_or(rest).strip_prefix("fn ")?;
        rest.split('(').next().map(str::to_owned)
    };
    // What runs on both engines is listed by name.
    let on_both = all.iter().flat_map(|source| source.split("on_both_engines! {").skip(1));
    let listed = on_both.flat_map(|rest| rest.split('}').next().unwrap_or_default().split_whitespace());
    marked.filter_map(name).chain(listed.map(str::to_owned)).collect()
}

fn code(cell: &str) -> &str {
    cell.trim_matches('`')
}

#[test]
fn every_line_of_a_checklist_is_told_and_what_is_told_is_whole() {
    let page = page();
    for (product, lines) in CHECKLISTS {
        let (rows, missing) = section(&page, product);
        let there = rows.iter().map(|row| row[0].parse::<usize>().unwrap());
        let words = missing.split(|c: char| !c.is_ascii_alphanumeric()).filter_map(|word| word.parse().ok());
        let told: BTreeSet<usize> = there.chain(words).collect();
        let untold: Vec<_> = (1..=lines).filter(|line| !told.contains(line)).collect();
        assert!(untold.is_empty(), "docs/PRODUCTS.md says nothing of {product} {untold:?}");
        assert!(told.iter().all(|line| (1..=lines).contains(line)), "{product}: {told:?}");
        let first = product.split(' ').next().unwrap().to_lowercase();
        for line in rows.iter().map(|row| &row[0]).collect::<BTreeSet<_>>() {
            let name = format!("{first}_{line}_");
            let of_line = rows.iter().filter(|row| row[0] == *line);
            let has_one = of_line.map(|row| code(&row[2])).any(|test| test.starts_with(&name));
            assert!(has_one, "docs/PRODUCTS.md: no test {name}... of {product} {line}");
        }
        for row in &rows {
            assert_eq!(row.len(), 5, "{product}: {row:?}");
            assert!(["seed", "source", "chosen"].contains(&row[4].as_str()), "{product}: {row:?}");
        }
    }
}

#[test]
fn every_test_that_the_page_of_products_names_is_there() {
    let (page, tests) = (page(), tests());
    for (product, _) in CHECKLISTS {
        for row in section(&page, product).0 {
            assert!(
                tests.contains(code(&row[2])),
                "docs/PRODUCTS.md, {product} {}: no test {}",
                row[0],
                row[2]
            );
        }
    }
}

#[test]
fn every_call_that_the_page_of_products_names_is_described() {
    let description = std::fs::read_to_string(root().join("tests/it/snapshots/openapi.json")).unwrap();
    let description: serde_json::Value = serde_json::from_str(&description).unwrap();
    for (product, _) in CHECKLISTS {
        for row in section(&page(), product).0 {
            let (method, path) = code(&row[3]).split_once(' ').unwrap();
            let operation = &description["paths"][format!("/api/v1{path}")][method.to_lowercase()];
            assert!(operation.is_object(), "docs/PRODUCTS.md, {product} {}: no call {}", row[0], row[3]);
        }
    }
}
