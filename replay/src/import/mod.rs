//! Reading the registers of other products: bytes in, rows out, and what each row asks for.
//!
//! Pure: nothing is submitted here, no password is hashed, no progress kept. What a file says is found, not decided: the
//! rules decide, row by row, as if somebody had asked for each by hand. A file is read to its end or refused as a whole;
//! a row that cannot be read is told by its number and its field, never by what stands in it.

mod duplicates;
mod plan;
mod record;
mod report;
mod table;
mod text;
mod ucontact;

pub use plan::{Eyes, Step, plan, refused};
pub use record::{Found, Password, Record, Row, UserRecord};
pub use report::{ERRORS_MAX, Note, Report, RowError, Stopped};

use rollbook_domain::kernel::product::Product;

/// Largest file, in bytes (uContact: 50 MB).
pub const FILE_BYTES_MAX: usize = 50 << 20;
/// Most rows of a file, its header not counted.
pub const ROWS_MAX: usize = 100_000;

/// Why a file cannot be read at all.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{detail}")]
pub struct Unreadable {
    /// Stable, snake case.
    pub code: &'static str,
    /// What is wrong and what to do, for a person.
    pub detail: String,
}

impl Unreadable {
    fn new(code: &'static str, detail: impl Into<String>) -> Self {
        Self { code, detail: detail.into() }
    }
}

/// Reads a file of a product.
///
/// # Errors
/// [`Unreadable`] if it is none.
pub fn read(product: Product, bytes: &[u8]) -> Result<Found, Unreadable> {
    if bytes.is_empty() {
        return Err(Unreadable::new("empty_file", "the file is empty"));
    }
    let mut found = match product {
        Product::Ucontact => ucontact::read(&table::read(bytes)?)?,
        Product::QueueMetrics | Product::Voximplant | Product::Xcally => {
            let detail = format!("files of {} cannot be read yet", product.name());
            return Err(Unreadable::new("unknown_format", detail));
        }
    };
    if found.rows.len() > ROWS_MAX {
        return Err(Unreadable::new(
            "too_many_rows",
            format!("a file has at most {ROWS_MAX} rows; split it"),
        ));
    }
    duplicates::mark(&mut found.rows);
    Ok(found)
}
