//! Declares the window's commands and puts a placeholder where the page is not built yet.

use std::{fs, io, path::Path};

/// Said by a window whose page was not built: `cargo check` must not need Node.
const PLACEHOLDER: &str = "<!doctype html><meta charset=\"utf-8\"><title>Veche</title>\
    <p>The page is not built. Run <code>npm ci &amp;&amp; npm run build</code> in <code>ui/</code>, then build again.</p>\n";

/// Every command the page may call; `capabilities/main.json` allows them to the window `main` one by one.
const COMMANDS: &[&str] = &[
    "vault_status",
    "create_vault",
    "unlock",
    "lock",
    "request",
    "version",
    "get_settings",
    "set_settings",
    "suggest_path",
    "file_at",
];

fn main() -> Result<(), Box<dyn std::error::Error>> {
    placeholder(Path::new("../ui/dist"))?;
    println!("cargo::rerun-if-changed=../ui/dist");
    let manifest = tauri_build::AppManifest::new().commands(COMMANDS);
    tauri_build::try_build(tauri_build::Attributes::new().app_manifest(manifest))?;
    Ok(())
}

fn placeholder(dist: &Path) -> io::Result<()> {
    let page = dist.join("index.html");
    if page.exists() {
        return Ok(());
    }
    fs::create_dir_all(dist)?;
    fs::write(page, PLACEHOLDER)
}
