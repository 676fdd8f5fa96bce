//! Reading the registers of other products: bytes in, rows out, and what each row asks for.
//!
//! Pure: nothing is submitted here, no password is hashed, no progress kept. What a file says is found, not decided: the
//! rules decide, row by row, as if somebody had asked for each by hand. A file is read to its end or refused as a whole;
//! a row that cannot be read is told by its number and its field, never by what stands in it.

mod dump;
mod duplicates;
mod ods;
mod plan;
mod queuemetrics;
mod record;
mod report;
mod table;
mod text;
mod ucontact;
mod voximplant;
mod xcally;
mod xlsx;
mod zipped;

pub use dump::dump;
pub use plan::{Eyes, Step, plan, refused};
pub use record::{
    AgentRecord, Columns, Found, GroupRecord, KeyRecord, Password, QueueRecord, Record, RoleRecord, Row,
    UserRecord,
};
pub use report::{ERRORS_MAX, Note, Report, RowError, Stopped};

use rollbook_domain::kernel::product::Product;

pub use ucontact::NAMES as UCONTACT_COLUMNS;
pub use xcally::NAMES as XCALLY_COLUMNS;

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

/// A table by what it is, whatever it is called: XLSX, ODS, else text.
fn spreadsheet(bytes: &[u8]) -> Result<table::Table, Unreadable> {
    /// The compound files of Excel before 2007, and of what is locked by a password.
    const COMPOUND: &[u8] = &[0xd0, 0xcf, 0x11, 0xe0, 0xa1, 0xb1, 0x1a, 0xe1];
    if bytes.starts_with(COMPOUND) {
        let detail =
            "the file is an old Excel workbook (XLS) or locked by a password; save it as XLSX or CSV";
        return Err(Unreadable::new("unknown_format", detail));
    }
    if !bytes.starts_with(b"PK\x03\x04") {
        return table::read(bytes);
    }
    let is_open_document = zipped::Zipped::open(bytes)?.part("content.xml")?.is_some();
    if is_open_document { ods::read(bytes) } else { xlsx::read(bytes) }
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
        Product::Ucontact => ucontact::read(&spreadsheet(bytes)?)?,
        Product::Xcally => xcally::read(&spreadsheet(bytes)?)?,
        Product::QueueMetrics => queuemetrics::read(bytes)?,
        Product::Voximplant => voximplant::read(bytes)?,
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
