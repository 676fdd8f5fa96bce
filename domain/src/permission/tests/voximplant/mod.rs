//! Every cell of Voximplant Kit's permission table, read from the acceptance file and asked of the resolver.
//!
//! `table` says what the file wants of a case, `scene` builds the cases; neither shares code with the resolver.

mod scene;
mod table;

use crate::permission::catalog::{Catalog, Origin};
use scene::Scene;
use std::collections::BTreeSet;
use table::{ROLES, Row, SCOPES, expected, joined, rows, variants};

#[test]
fn every_cell_of_the_table_holds() {
    let mut cells = 0;
    for (index, slug) in ROLES.into_iter().enumerate() {
        let scene = Scene::new(slug);
        for row in rows() {
            let cell = &row.cells[index];
            assert!(cell == "none" || cell.split('+').all(|scope| SCOPES.contains(&scope)), "{cell}");
            check_cell(&scene, &row, index);
            cells += 1;
        }
    }
    assert_eq!(cells, rows().len() * 5);
    assert_eq!(rows().len(), 46, "rows of the acceptance table");
}

fn check_cell(scene: &Scene, row: &Row, role: usize) {
    let cell = &row.cells[role];
    let (mut reached, mut refused) = (BTreeSet::new(), 0);
    for case in &scene.cases(&row.kinds) {
        for facts in variants(row) {
            let facts = joined(case, &facts);
            let wanted = expected(row, role, case, &facts);
            let got = scene.world.decide(scene.asker, &row.permission, &case.targets, &facts);
            let about = format!("{} for {} ({cell})", row.permission, ROLES[role]);
            assert_eq!(got.allowed, wanted, "{about}: {case:?} {facts:?} {:?}", got.reasons);
            if wanted {
                let words: Vec<&str> = if cell == "all" { vec!["all"] } else { case.reached_by.clone() };
                reached.extend(words.into_iter().filter(|word| cell.split('+').any(|scope| scope == *word)));
            } else if !case.foreign {
                refused += 1;
            }
        }
    }
    let words: BTreeSet<&str> = cell.split('+').filter(|word| *word != "none").collect();
    assert_eq!(reached, words, "{}: a scope of {} was never seen to allow", row.permission, ROLES[role]);
    assert!(cell == "all" || refused > 0, "{}: nothing was refused to {}", row.permission, ROLES[role]);
}

#[test]
fn every_row_of_the_table_is_a_permission_marked_seed() {
    let catalog = Catalog::newest("voximplant").unwrap();
    for row in rows() {
        let permission = catalog.permission(&row.permission).unwrap();
        assert_eq!(permission.origin, Origin::Seed);
        let kinds: Vec<_> = permission.targets.iter().map(|kind| kind.word()).collect();
        assert_eq!(kinds, row.kinds, "{}", row.permission);
    }
}
