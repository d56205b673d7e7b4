//! Writes the test vectors into `tests/vectors` and the worked example into `docs/spec/ballot.md`; with a folder as its argument
//! (and a number of journals), all vectors into that folder instead, with the audit files that the tests make in memory.
#![allow(clippy::print_stderr, reason = "a command line talks to its caller")]

use std::error::Error;
use std::fs;
use std::path::Path;
use std::process::ExitCode;
use veche_tests::checkout::root;
use veche_tests::vectors::{example, write, write_everything};

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
    let mut args = std::env::args().skip(1);
    if let Some(folder) = args.next() {
        let journals = args.next().map_or(Ok(6), |count| count.parse())?;
        return Ok(write_everything(Path::new(&folder), journals)?);
    }
    write(&root().join("tests/vectors"))?;
    let page = root().join("docs/spec/ballot.md");
    let text = example::put_into(&fs::read_to_string(&page)?)
        .ok_or("docs/spec/ballot.md has no place for the example")?;
    Ok(fs::write(page, text)?)
}
