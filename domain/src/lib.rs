//! What is true and what is allowed.
