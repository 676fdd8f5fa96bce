//! One organization per product beside the story's own, each of its catalog and in its vocabulary: three months in
//! short, and last Tuesday a change that somebody should look at.

mod queuemetrics;
mod tale;
mod ucontact;
mod voximplant;
mod xcally;

use super::build::Stage;
use super::cast::Person;
use super::folder::{Login, Product};
use super::times::Times;
use crate::cli::Failure;
use tale::Tale;

/// The organizations: each is called like its catalog. In the order of the guide, with whoever founds it.
pub(super) const PRODUCTS: [(&str, Person); 4] = [
    ("queuemetrics", queuemetrics::ADMIN),
    ("voximplant", voximplant::OWNER),
    ("xcally", xcally::ADMIN),
    ("ucontact", ucontact::SUPERUSER),
];

/// Plays the story of a product whose organization was founded on the first day.
pub(super) async fn play(
    stage: &Stage,
    times: Times,
    catalog: &str,
    owner: Login,
) -> Result<Product, Failure> {
    let tale = Tale::begin(stage, times, catalog);
    let (mut people, look_at) = match catalog {
        "queuemetrics" => queuemetrics::play(&tale).await?,
        "voximplant" => voximplant::play(&tale).await?,
        "xcally" => xcally::play(&tale).await?,
        _ => ucontact::play(&tale).await?,
    };
    // Unless the founder got another password since.
    if people.iter().all(|person| person.login != owner.login) {
        people.insert(0, owner);
    }
    Ok(Product { organization: catalog.to_owned(), people, look_at: look_at.to_owned() })
}
