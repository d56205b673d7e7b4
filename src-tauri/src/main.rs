//! The window: a thin shell over `app`. It trusts the page it carries with what a person may do, through the commands
//! that `capabilities/main.json` allows, and with nothing else. It holds no rule of an assembly and keeps no secret.
#![cfg_attr(not(debug_assertions), windows_subsystem = "windows")]

mod commands;
mod events;
mod notices;
mod options;
mod passphrase;
mod settings;

use std::{
    error::Error,
    io::{self, Write},
};

use app::{App, Config, KeyCost};
use clap::Parser;
use tauri::{Manager, RunEvent, WebviewWindowBuilder};

use commands::Vault;
use options::Options;
use settings::SettingsFile;

fn main() -> Result<(), Box<dyn Error>> {
    let options = Options::parse();
    let window = tauri::Builder::default()
        .invoke_handler(tauri::generate_handler![
            commands::vault_status,
            commands::create_vault,
            commands::unlock,
            commands::lock,
            commands::request,
            commands::version,
            commands::get_settings,
            commands::set_settings,
            commands::suggest_path,
            commands::file_at,
        ])
        .setup(move |app| {
            if let Err(error) = set_up(app, options) {
                // Nobody else is told why there is no window.
                let _ = writeln!(io::stderr(), "veche-desktop: {error}");
                std::process::exit(2);
            }
            Ok(())
        })
        .build(tauri::generate_context!())?;
    window.run(|app, event| {
        if matches!(event, RunEvent::Exit) {
            // The vault is closed in order before the process ends.
            tauri::async_runtime::block_on(app.state::<Vault>().handle.shutdown());
        }
    });
    Ok(())
}

fn set_up(app: &mut tauri::App, options: Options) -> Result<(), Box<dyn Error>> {
    let settings = app.path().app_config_dir()?.join("settings.json");
    app.manage(SettingsFile::open(settings, options.language, options.theme));

    let path = match options.vault {
        Some(path) => std::path::absolute(path)?,
        None => app.path().app_data_dir()?.join("vault"),
    };
    let handle = App::spawn(Config {
        vault_dir: path.clone(),
        key_cost: KeyCost::Standard,
    });
    tauri::async_runtime::spawn(events::forward(app.handle().clone(), handle.subscribe()));
    if let Some(file) = options.passphrase_file {
        tauri::async_runtime::block_on(passphrase::open(&handle, &file))?;
    }
    app.manage(Vault { handle, path });

    // The window comes last: its page finds everything that it asks for.
    let window = app
        .config()
        .app
        .windows
        .first()
        .ok_or("no window is configured")?;
    WebviewWindowBuilder::from_config(app.handle(), window)?.build()?;
    Ok(())
}
