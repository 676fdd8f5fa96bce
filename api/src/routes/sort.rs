//! Lists sorted as they are asked to be: `?sort=role,-login`, and where the next page starts.
//!
//! A cursor holds the fields of the last item, so a page goes on from there whatever was added or removed meanwhile.

use super::list::{self, Page};
use crate::error::Problem;
use crate::extract::Params;
use serde::{Deserialize, Serialize};
use std::cmp::Reverse;
use uuid::Uuid;

/// Most fields one list is sorted by.
const FIELDS_MAX: usize = 4;

/// What an item is sorted by in one field.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(untagged)]
pub(super) enum Cell {
    /// A number.
    Number(u64),
    /// A text, its case folded.
    Text(String),
}

/// A cell in the direction that was asked for.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Directed {
    Up(Cell),
    Down(Reverse<Cell>),
}

/// The place of an item: its cells, then its id, so that no two items share one.
type Place = (Vec<Directed>, Uuid);

/// How a list is sorted.
pub(super) struct Sort {
    text: String,
    fields: Vec<(&'static str, bool)>,
}

impl Sort {
    /// Takes `sort` out of a query: some of `known` with commas between, `-` before what goes down.
    ///
    /// # Errors
    /// 422 naming `sort`.
    pub(super) fn take(params: &mut Params, known: &[&'static str]) -> Result<Option<Self>, Problem> {
        let Some(text) = params.take("sort") else { return Ok(None) };
        let mut fields: Vec<(&'static str, bool)> = Vec::new();
        for word in text.split(',') {
            let (down, name) = word.strip_prefix('-').map_or((false, word), |name| (true, name));
            let Some(field) = known.iter().find(|field| **field == name) else {
                let detail =
                    format!("is one or more of {}, each with a minus for descending", known.join(", "));
                return Err(Problem::field("sort", "unknown_word", &detail));
            };
            if fields.iter().any(|(other, _)| other == field) {
                return Err(Problem::field("sort", "twice", "names a field twice"));
            }
            fields.push((field, down));
        }
        if fields.len() > FIELDS_MAX {
            return Err(Problem::field("sort", "too_many", "names at most 4 fields"));
        }
        Ok(Some(Self { text, fields }))
    }

    /// A page of those of `items` that are `seen`, after `cursor`.
    ///
    /// # Errors
    /// 422 if the cursor is not one of this list sorted so.
    pub(super) fn page<T, V>(
        &self,
        items: impl Iterator<Item = (Uuid, T)>,
        cell: impl Fn(&T, &str) -> Cell,
        (limit, cursor): (u32, Option<String>),
        seen: impl Fn(&T) -> bool,
        view: impl Fn(T) -> V,
    ) -> Result<Page<V>, Problem> {
        let after = self.after(cursor)?;
        let placed = items.map(|(id, item)| {
            let cells = self.fields.iter().map(|(field, down)| directed(cell(&item, field), *down));
            ((cells.collect::<Vec<_>>(), id), item)
        });
        let mut rest: Vec<(Place, T)> =
            placed.filter(|(place, _)| after.as_ref().is_none_or(|after| place > after)).collect();
        rest.sort_unstable_by(|(a, _), (b, _)| a.cmp(b));
        let seen = rest.into_iter().filter(|(_, item)| seen(item));
        Ok(list::page(seen, limit, |(place, _)| self.start_after(place), |(_, item)| view(item)))
    }

    fn start_after(&self, (cells, id): &Place) -> String {
        let cells: Vec<_> = cells.iter().map(undirected).collect();
        let text = serde_json::to_string(&(&self.text, cells, id)).unwrap_or_default();
        format!("{}{text}", list::SORTED)
    }

    fn after(&self, cursor: Option<String>) -> Result<Option<Place>, Problem> {
        let Some(cursor) = cursor else { return Ok(None) };
        let read = list::read(&cursor).and_then(|text| {
            let text = text.strip_prefix(list::SORTED)?;
            serde_json::from_str::<(String, Vec<Cell>, Uuid)>(text).ok()
        });
        let of_this = read.filter(|(text, cells, _)| *text == self.text && cells.len() == self.fields.len());
        let (_, cells, id) = of_this.ok_or_else(list::not_a_cursor)?;
        let cells = cells.into_iter().zip(&self.fields).map(|(cell, (_, down))| directed(cell, *down));
        Ok(Some((cells.collect(), id)))
    }
}

fn directed(cell: Cell, down: bool) -> Directed {
    if down { Directed::Down(Reverse(cell)) } else { Directed::Up(cell) }
}

fn undirected(cell: &Directed) -> &Cell {
    match cell {
        Directed::Up(cell) | Directed::Down(Reverse(cell)) => cell,
    }
}
