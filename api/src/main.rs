//! The `rollbook` binary.
fn main() {}
