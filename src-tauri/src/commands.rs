//! What the page may call. Each command passes through to `app`; none decides anything.

use std::path::{Path, PathBuf};

use app::{
    Handle, VaultStatus,
    dto::{Answer, Refusal, RefusalCode, Request},
};
use serde::Serialize;
use tauri::{Manager, State};
use zeroize::Zeroizing;

use crate::settings::{Settings, SettingsFile};

/// The one vault of this window.
#[derive(Debug)]
pub(crate) struct Vault {
    pub(crate) handle: Handle,
    pub(crate) path: PathBuf,
}

/// How the vault stands, and where it is.
#[derive(Debug, Serialize)]
pub(crate) struct Status {
    state: VaultStatus,
    path: String,
}

#[tauri::command]
pub(crate) fn vault_status(vault: State<'_, Vault>) -> Status {
    Status {
        state: vault.handle.vault_status(),
        path: vault.path.display().to_string(),
    }
}

/// The passphrase crosses the webview once, here or in [`unlock`], and is wiped after use.
#[tauri::command]
pub(crate) async fn create_vault(vault: State<'_, Vault>, passphrase: String) -> Result<(), Refusal> {
    vault.handle.create_vault(Zeroizing::new(passphrase)).await
}

#[tauri::command]
pub(crate) async fn unlock(vault: State<'_, Vault>, passphrase: String) -> Result<(), Refusal> {
    vault.handle.unlock(Zeroizing::new(passphrase)).await
}

#[tauri::command]
pub(crate) async fn lock(vault: State<'_, Vault>) -> Result<(), Refusal> {
    vault.handle.lock().await;
    Ok(())
}

#[tauri::command]
pub(crate) async fn request(vault: State<'_, Vault>, request: Request) -> Result<Answer, Refusal> {
    vault.handle.request(request).await
}

#[tauri::command]
pub(crate) fn version() -> &'static str {
    env!("CARGO_PKG_VERSION")
}

#[tauri::command]
pub(crate) fn get_settings(file: State<'_, SettingsFile>) -> Settings {
    file.current()
}

#[tauri::command]
pub(crate) fn set_settings(file: State<'_, SettingsFile>, settings: Settings) -> Result<(), Refusal> {
    file.replace(settings).map_err(|error| Refusal {
        code: RefusalCode::CannotWrite,
        details: format!("settings: {error}"),
    })
}

/// A free path in the person's documents for a new file of this name.
#[tauri::command]
pub(crate) fn suggest_path(app: tauri::AppHandle, file_name: String) -> String {
    let folder = app
        .path()
        .document_dir()
        .or_else(|_| app.path().home_dir())
        .unwrap_or_default();
    free(&folder, &file_name).display().to_string()
}

/// `name.ext`, or `name-2.ext` and so on where that is taken.
fn free(folder: &Path, file_name: &str) -> PathBuf {
    let (stem, extension) = file_name.rsplit_once('.').unwrap_or((file_name, ""));
    let first = folder.join(file_name);
    std::iter::once(first.clone())
        .chain((2..1000).map(|count| folder.join(format!("{stem}-{count}.{extension}"))))
        .find(|path| !path.exists())
        .unwrap_or(first)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn suggests_a_path_that_is_free() {
        let folder = std::env::temp_dir().join(format!("veche-suggest-{}", std::process::id()));
        std::fs::create_dir_all(&folder).unwrap();
        assert_eq!(free(&folder, "a.audit"), folder.join("a.audit"));
        std::fs::write(folder.join("a.audit"), "").unwrap();
        assert_eq!(free(&folder, "a.audit"), folder.join("a-2.audit"));
        std::fs::remove_dir_all(folder).unwrap();
    }
}
