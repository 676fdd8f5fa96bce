//! How history is re-lived.
