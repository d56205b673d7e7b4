//! Writes the seeds of all fuzz targets: `veche-seeds FOLDER` makes `FOLDER/TARGET/NUMBER`.

use std::error::Error;
use std::fs;
use std::path::Path;
use strangers::{TARGETS, Vectors};

fn main() -> Result<(), Box<dyn Error>> {
    let folder = std::env::args_os().nth(1).ok_or("veche-seeds FOLDER")?;
    let vectors = Vectors::read()?;
    for target in TARGETS {
        let folder = Path::new(&folder).join(target.name);
        fs::create_dir_all(&folder)?;
        for (number, seed) in target.seeds(&vectors).into_iter().enumerate() {
            fs::write(folder.join(format!("{number:04}")), seed)?;
        }
    }
    Ok(())
}
