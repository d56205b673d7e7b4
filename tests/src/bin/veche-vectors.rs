//! Writes the test vectors into `tests/vectors` and the worked example into `docs/spec/ballot.md`.
#![allow(clippy::print_stderr, reason = "a command line talks to its caller")]

use std::error::Error;
use std::fs;
use std::process::ExitCode;
use veche_tests::checkout::root;
use veche_tests::vectors::{example, write};

fn main() -> ExitCode {
    match make() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("veche-vectors: {error}");
            ExitCode::from(2)
        }
    }
}

fn make() -> Result<(), Box<dyn Error>> {
    write(&root().join("tests/vectors"))?;
    let page = root().join("docs/spec/ballot.md");
    let text = example::put_into(&fs::read_to_string(&page)?).ok_or("docs/spec/ballot.md has no place for the example")?;
    Ok(fs::write(page, text)?)
}
