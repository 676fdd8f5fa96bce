//! Lists sorted as they are asked to be: `?sort=role,-login`, and where the next page starts.
//!
//! A cursor holds the fields of the last item, so a page goes on from there whatever was added or removed meanwhile. What
//! is personal among them it does not hold, since it travels in URLs: that is looked up again, see `place`.

use super::list::{self, Page};
use super::place;
use crate::error::Problem;
use crate::extract::Params;
use rollbook_domain::kernel::personal::Personal;
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

/// What a list is of.
pub(super) trait Placed: Copy {
    /// The fields that it is sorted by whose texts are about a person.
    const PERSONAL: &'static [&'static str];
    /// Its id.
    fn id(&self) -> Uuid;
    /// The text of one of these fields, if there is one.
    fn personal(&self, field: &str) -> Option<&Personal>;
}

/// What a sorted list's cursor holds: the sort, the last item's cells (none of a personal one), its id and its mark.
type Held = (String, Vec<Option<Cell>>, Uuid, Option<String>);

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

    /// By one field, where nothing else was asked for.
    pub(super) fn by(field: &'static str) -> Self {
        Self { text: String::new(), fields: vec![(field, false)] }
    }

    /// A page of those of `items` that are `seen`, after `cursor`; `find` has any that there is, among them or not.
    ///
    /// # Errors
    /// 422 if the cursor is not one of this list sorted so, or its item is not to be found any more.
    pub(super) fn page<T: Placed, V>(
        &self,
        items: impl Iterator<Item = T>,
        find: impl Fn(Uuid) -> Option<T>,
        cell: impl Fn(&T, &str) -> Cell,
        (limit, cursor): (u32, Option<String>),
        seen: impl Fn(&T) -> bool,
        view: impl Fn(T) -> V,
    ) -> Result<Page<V>, Problem> {
        let after = self.after(cursor, |id| find(id).filter(&seen), &cell)?;
        let placed = items.map(|item| {
            let cells = self.fields.iter().map(|(field, down)| directed(cell(&item, field), *down));
            ((cells.collect::<Vec<_>>(), item.id()), item)
        });
        let mut rest: Vec<(Place, T)> =
            placed.filter(|(place, _)| after.as_ref().is_none_or(|after| place > after)).collect();
        rest.sort_unstable_by(|(a, _), (b, _)| a.cmp(b));
        let seen = rest.into_iter().filter(|(_, item)| seen(item));
        Ok(list::page(seen, limit, |(place, item)| self.start_after(place, *item), |(_, item)| view(item)))
    }

    fn start_after<T: Placed>(&self, (cells, id): &Place, item: T) -> String {
        let is_personal = |field: &&str| T::PERSONAL.contains(field);
        let cells = cells.iter().zip(&self.fields);
        let cells = cells.map(|(cell, (field, _))| (!is_personal(field)).then(|| undirected(cell)));
        let mark = self.fields.iter().any(|(field, _)| is_personal(field)).then(|| self.mark(&item));
        let held = (&self.text, cells.collect::<Vec<_>>(), id, mark);
        format!("{}{}", list::SORTED, serde_json::to_string(&held).unwrap_or_default())
    }

    fn mark<T: Placed>(&self, item: &T) -> String {
        place::mark(self.fields.iter().filter_map(|(field, _)| item.personal(field)))
    }

    fn after<T: Placed>(
        &self,
        cursor: Option<String>,
        known: impl Fn(Uuid) -> Option<T>,
        cell: impl Fn(&T, &str) -> Cell,
    ) -> Result<Option<Place>, Problem> {
        let Some(cursor) = cursor else { return Ok(None) };
        let read = list::read(&cursor).and_then(|text| {
            let text = text.strip_prefix(list::SORTED)?;
            serde_json::from_str::<Held>(text).ok()
        });
        let of_this = read.filter(|(text, cells, ..)| *text == self.text && cells.len() == self.fields.len());
        let (_, cells, id, mark) = of_this.ok_or_else(list::not_a_cursor)?;
        let is_as_it_was =
            |mark: String| known(id).filter(|item| self.mark(item) == mark).ok_or_else(place::lost);
        let item = mark.map(is_as_it_was).transpose()?;
        let cells = cells.into_iter().zip(&self.fields).map(|(held, (field, down))| {
            let cell = held.or_else(|| item.as_ref().map(|item| cell(item, field)))?;
            Some(directed(cell, *down))
        });
        let cells: Option<Vec<_>> = cells.collect();
        Ok(Some((cells.ok_or_else(list::not_a_cursor)?, id)))
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
