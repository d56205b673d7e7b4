//! `veche-audit`: see the library.

use clap::Parser as _;
use std::process::ExitCode;

fn main() -> ExitCode {
    audit::run(&audit::Arguments::parse(), &mut std::io::stdout().lock())
}
