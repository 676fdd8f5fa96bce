//! Catalogs.
#[derive(Debug)]
pub struct Catalog {}
impl Catalog {
    pub fn empty() -> &'static Self {
        &Self {}
    }
    pub fn find(_n: &str, _v: u32) -> Option<&'static Self> {
        None
    }
}
