//! Lists: a limit, an opaque cursor, and only what the caller may see.

use crate::error::Problem;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::Serialize;
use sha2::{Digest, Sha256};
use utoipa::ToSchema;

/// A page of a list.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Page<T> {
    /// The items, in the list's order.
    pub(crate) items: Vec<T>,
    /// The cursor of the next page; null if there is none.
    pub(crate) next: Option<String>,
}

/// Cuts a page of `limit` items off `items`; `key` is what the next page starts after.
pub(super) fn page<T, V>(
    items: impl Iterator<Item = T>,
    limit: u32,
    key: impl Fn(&T) -> String,
    view: impl Fn(T) -> V,
) -> Page<V> {
    let limit = limit as usize;
    let mut taken: Vec<T> = items.take(limit + 1).collect();
    let more = taken.len() > limit;
    taken.truncate(limit);
    let next = taken.last().filter(|_| more).map(|last| cursor(&key(last)));
    Page { items: taken.into_iter().map(view).collect(), next }
}

/// What the text of a sorted list's cursor begins with: no login, name or position does.
pub(super) const SORTED: char = '\u{1}';

/// The cursor that starts after `after`.
pub(super) fn cursor(after: &str) -> String {
    URL_SAFE_NO_PAD.encode([checksum(after).as_slice(), after.as_bytes()].concat())
}

/// What a cursor says to start after. The checksum tells a cursor from a guess; it guards no secret, since
/// every item is judged again.
pub(super) fn after(cursor: Option<String>) -> Result<Option<String>, Problem> {
    let Some(cursor) = cursor else { return Ok(None) };
    read(&cursor).filter(|text| !text.starts_with(SORTED)).map(Some).ok_or_else(not_a_cursor)
}

/// The text of a cursor, of whichever list.
pub(super) fn read(cursor: &str) -> Option<String> {
    let bytes = URL_SAFE_NO_PAD.decode(cursor).ok()?;
    let (check, text) = bytes.split_at_checked(8)?;
    let text = std::str::from_utf8(text).ok()?;
    (checksum(text) == check).then(|| text.to_owned())
}

/// The answer to a cursor of another list, or of none.
pub(super) fn not_a_cursor() -> Problem {
    let detail = "is not a cursor that this list gave out; start again without one";
    Problem::field("cursor", "not_a_cursor", detail)
}

fn checksum(text: &str) -> [u8; 8] {
    let digest = Sha256::new().chain_update(b"rollbook cursor").chain_update(text).finalize();
    let mut check = [0; 8];
    check.iter_mut().zip(digest).for_each(|(byte, from)| *byte = from);
    check
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pages_walk_every_item_once() {
        let all = ["a", "b", "c", "d", "e"];
        let mut seen = Vec::new();
        let mut from = None;
        loop {
            let start = after(from).unwrap();
            let rest = all.iter().filter(|item| start.as_deref().is_none_or(|start| **item > start));
            let page = page(rest, 2, |item| (**item).to_owned(), |item| *item);
            seen.extend(page.items);
            from = page.next;
            if from.is_none() {
                break;
            }
        }
        assert_eq!(seen, all);
    }

    #[test]
    fn a_forged_cursor_is_refused_by_name() {
        let problem = after(Some("AAAAAAAAAAAAYQ".into())).expect_err("refused");
        assert_eq!(problem.errors.first().map(|error| error.pointer.as_str()), Some("cursor"));
    }
}
