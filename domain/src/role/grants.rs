//! Grants as they come in: known to the catalog, bounded, of clean text, and cut into pieces that fit an entry.
//!
//! Shared by roles, profiles and custom profiles.

use crate::kernel::rejection::FieldError;
use crate::kernel::text;
use crate::organization::decide::Deciding;
use crate::organization::rejection::Rejection;
use crate::permission::catalog::Catalog;
use crate::permission::grant::{Grant, Grants};
use crate::permission::limits;

/// Most grants one role, profile or custom profile may carry.
pub(crate) const GRANTS_MAX: usize = 2_000;
/// Longest grant, in bytes of JSON: about 400 listed queues or elements.
pub(crate) const GRANT_BYTES_MAX: usize = 16_000;
/// Most bytes of JSON of the grants of one event, so that an entry stays below its 65,535 bytes.
const EVENT_BYTES_MAX: usize = 24_000;
/// Most bytes of JSON of a custom profile, which stands whole in an event, before and after.
pub(crate) const CUSTOM_PROFILE_BYTES_MAX: usize = 24_000;

/// The grants that fit a creation, and the rest.
pub(crate) fn first_part(grants: &Grants) -> (Grants, Vec<Grant>) {
    let all: Vec<_> = grants.iter().cloned().collect();
    let mut parts = parts(&all).into_iter();
    let first = parts.next().unwrap_or_default();
    (first.into(), parts.flatten().collect())
}

/// The pieces, one event each, to come from the grants `now` to the grants `wanted`.
pub(crate) fn grant_parts(now: &Grants, wanted: &Grants) -> Vec<(Vec<Grant>, Vec<Grant>)> {
    let (added, removed) = now.difference(wanted);
    if bytes(&added) + bytes(&removed) <= EVENT_BYTES_MAX {
        let none = added.is_empty() && removed.is_empty();
        return if none { Vec::new() } else { vec![(added, removed)] };
    }
    let removals = parts(&removed).into_iter().map(|part| (Vec::new(), part));
    let additions = parts(&added).into_iter().map(|part| (part, Vec::new()));
    removals.chain(additions).collect()
}

/// Refuses grants of permissions that the catalog does not have, limits that nothing can meet, text that the
/// ledger refuses, and more than is allowed.
///
/// # Errors
/// What is wrong, at `pointer` and the grant's place in it.
pub(crate) fn valid_grants(
    deciding: &mut Deciding<'_>,
    pointer: &str,
    grants: &Grants,
) -> Result<(), Rejection> {
    deciding.visit(grants.len())?;
    if grants.len() > GRANTS_MAX {
        let count = grants.len() as u64;
        return Err(Rejection::TooLarge { what: "grants", count, max: GRANTS_MAX as u64 });
    }
    grants.iter().enumerate().try_for_each(|(place, grant)| {
        let pointer = format!("{pointer}/{place}");
        if deciding.now.catalog.permission(&grant.permission).is_none() {
            let detail = "the organization's catalog has no such permission; GET /api/v1/catalog lists them";
            return Err(FieldError::new(&format!("{pointer}/permission"), "no_such_permission", detail));
        }
        if bytes(std::slice::from_ref(grant)) > GRANT_BYTES_MAX {
            let detail = format!("a grant has at most {GRANT_BYTES_MAX} bytes; list fewer, or grant twice");
            return Err(FieldError::new(&pointer, "too_long", &detail));
        }
        valid_words(&pointer, grant)?;
        listed_words(&pointer, grant, deciding.now.catalog)
    })?;
    Ok(())
}

/// Refuses a custom profile that would not fit an event.
///
/// # Errors
/// [`Rejection::TooLarge`], naming the bytes.
pub(crate) fn fits_one_event(grants: &Grants) -> Result<(), Rejection> {
    let all: Vec<_> = grants.iter().cloned().collect();
    let (count, max) = (bytes(&all) as u64, CUSTOM_PROFILE_BYTES_MAX as u64);
    if count > max {
        return Err(Rejection::TooLarge { what: "bytes of custom grants", count, max });
    }
    Ok(())
}

/// Words go into entries as they are, so they obey the rules of names.
fn valid_words(pointer: &str, grant: &Grant) -> Result<(), FieldError> {
    let limits = &grant.limits;
    let lists = [&limits.fields, &limits.actions, &limits.sections, &limits.parts, &limits.without_parts];
    let words = lists.into_iter().flatten().chain(grant.queues.keys());
    words.map(AsRef::as_ref).try_for_each(|word| same(&format!("{pointer}/limits"), word))?;
    grant.elements.iter().try_for_each(|id| same(&format!("{pointer}/elements"), id))?;
    for word in limits.only_if.iter().chain(&limits.unless) {
        same(&format!("{pointer}/limits"), word)?;
        if !limits::is_known(word) {
            let detail = "there is no such fact, so the grant could never be used";
            return Err(FieldError::new(&format!("{pointer}/limits"), "no_such_fact", detail));
        }
    }
    Ok(())
}

/// A word that the catalog does not list would be met by no question, or hide nothing.
fn listed_words(pointer: &str, grant: &Grant, catalog: &Catalog) -> Result<(), FieldError> {
    let unlisted =
        |list: &[String], word: &str| !list.is_empty() && !list.iter().any(|listed| listed == word);
    if grant.queues.keys().any(|channel| unlisted(&catalog.channels, channel)) {
        let detail = format!("the channels are {}", catalog.channels.join(", "));
        return Err(FieldError::new(&format!("{pointer}/queues"), "no_such_channel", &detail));
    }
    let mut parts = grant.limits.parts.iter().chain(&grant.limits.without_parts);
    if parts.any(|part| unlisted(&catalog.parts, part)) {
        let detail = format!("the parts are {}", catalog.parts.join(", "));
        return Err(FieldError::new(&format!("{pointer}/limits"), "no_such_part", &detail));
    }
    Ok(())
}

/// Refuses text that is not as the ledger would keep it. An element's id may be a UUID.
pub(crate) fn same(pointer: &str, word: &str) -> Result<(), FieldError> {
    let kept = text::word(pointer, word)?;
    if kept == word {
        return Ok(());
    }
    let detail = "must be in Unicode normal form C without spaces at its ends";
    Err(FieldError::new(pointer, "not_normal", detail))
}

fn bytes(grants: &[Grant]) -> usize {
    grants
        .iter()
        .map(|grant| serde_json::to_string(grant).map_or(usize::MAX / 4_000, |json| json.len() + 1))
        .sum()
}

fn parts(grants: &[Grant]) -> Vec<Vec<Grant>> {
    let mut parts: Vec<Vec<Grant>> = Vec::new();
    let mut room = 0;
    for grant in grants {
        let size = bytes(std::slice::from_ref(grant));
        match parts.last_mut().filter(|_| size <= room) {
            Some(part) => part.push(grant.clone()),
            None => {
                parts.push(vec![grant.clone()]);
                room = EVENT_BYTES_MAX;
            }
        }
        room = room.saturating_sub(size);
    }
    parts
}
