//! `rollbook openapi`: the API description, as served at `/api/openapi.json`.

use super::Failure;
use super::output::Output;

pub(super) fn run(output: &Output) -> Result<(), Failure> {
    let description = crate::server::description().to_pretty_json();
    output.plain(&description.map_err(|error| Failure::Found(error.to_string()))?);
    Ok(())
}
