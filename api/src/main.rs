//! The `rollbook` binary: see `rollbook_api::cli`.

use std::process::ExitCode;

fn main() -> ExitCode {
    rollbook_api::cli::run()
}
