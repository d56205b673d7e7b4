//! Forges an audit file: `veche-tamper IN OUT` alters one ballot's choice and recomputes everything that can be.
//!
//! For the demonstration and the tests; no part of the product.
#![allow(clippy::print_stderr, reason = "a command line talks to its caller")]

use assembly::testing::{Tamper, tamper};
use std::error::Error;
use std::fs;
use std::process::ExitCode;

fn main() -> ExitCode {
    match forge() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("veche-tamper: {error}");
            ExitCode::from(2)
        }
    }
}

fn forge() -> Result<(), Box<dyn Error>> {
    let mut args = std::env::args_os().skip(1);
    let (Some(from), Some(to), None) = (args.next(), args.next(), args.next()) else {
        return Err("say veche-tamper IN OUT".into());
    };
    let forged = tamper(&fs::read(from)?, Tamper::SealedChoice).ok_or("the file has no ballot to alter")?;
    Ok(fs::write(to, forged)?)
}
