//! The products whose registers are read in. What one of them said is found in its file, and not decided here.

use std::fmt;
use std::str::FromStr;

/// A product that a register comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Product {
    /// QueueMetrics.
    QueueMetrics,
    /// Voximplant Kit.
    Voximplant,
    /// XCALLY Motion.
    Xcally,
    /// uContact.
    Ucontact,
}

impl Product {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::QueueMetrics, Self::Voximplant, Self::Xcally, Self::Ucontact];

    /// The word in requests and in metadata; its catalog is called so too.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::QueueMetrics => "queuemetrics",
            Self::Voximplant => "voximplant",
            Self::Xcally => "xcally",
            Self::Ucontact => "ucontact",
        }
    }

    /// Its name as its makers write it.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::QueueMetrics => "QueueMetrics",
            Self::Voximplant => "Voximplant Kit",
            Self::Xcally => "XCALLY Motion",
            Self::Ucontact => "uContact",
        }
    }
}

impl fmt::Display for Product {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.word())
    }
}

/// A word that is no product's.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("is `queuemetrics`, `voximplant`, `xcally` or `ucontact`")]
pub struct BadProduct;

impl FromStr for Product {
    type Err = BadProduct;

    fn from_str(text: &str) -> Result<Self, BadProduct> {
        Self::ALL.into_iter().find(|product| product.word() == text).ok_or(BadProduct)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_product_is_read_by_the_word_it_is_written_by_and_has_a_catalog_of_that_name() {
        for product in Product::ALL {
            assert_eq!(product.to_string().parse(), Ok(product));
            assert!(crate::permission::catalog::Catalog::newest(product.word()).is_some(), "{product}");
        }
        assert_eq!("asterisk".parse::<Product>(), Err(BadProduct));
    }
}
