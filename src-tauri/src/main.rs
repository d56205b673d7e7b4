//! The window: a thin shell over `app`. It holds no rule of the assembly and keeps no secret.
#![cfg_attr(not(debug_assertions), windows_subsystem = "windows")]

mod options;
mod settings;

use clap::Parser;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let options = options::Options::parse();
    let file = settings::SettingsFile::open("x".into(), options.language, options.theme);
    tauri::Builder::default().manage(file).run(tauri::generate_context!())?;
    Ok(())
}
