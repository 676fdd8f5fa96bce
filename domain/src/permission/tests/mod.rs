//! Tests of the permission model: acceptance tables, golden matrices, refusals, properties.

mod deny;
mod keys;
mod matrix;
mod products;
mod properties;
mod reasons;
mod voximplant;
mod world;

/// The fields of one CSV line; double quotes hold commas together.
fn csv_fields(line: &str) -> Vec<String> {
    let mut fields = vec![String::new()];
    let mut quoted = false;
    for c in line.chars() {
        match c {
            '"' => quoted = !quoted,
            ',' if !quoted => fields.push(String::new()),
            c => fields.last_mut().unwrap().push(c),
        }
    }
    fields
}
