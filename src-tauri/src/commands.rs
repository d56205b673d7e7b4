//! What the page may call. Each command passes through to `app`; none decides anything.

use std::{
    io,
    path::{Path, PathBuf},
};

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

/// A file that a person is about to send.
#[derive(Debug, Serialize)]
pub(crate) struct FileView {
    path: String,
    name: String,
    bytes: u64,
}

/// What is at this path, if it is a file that can be read.
#[tauri::command(async)]
pub(crate) fn file_at(path: String) -> Result<FileView, Refusal> {
    look_at(Path::new(path.trim())).map_err(|error| Refusal {
        code: RefusalCode::CannotRead,
        details: format!("{path}: {error}; choose a file that this user may read"),
    })
}

fn look_at(path: &Path) -> io::Result<FileView> {
    let path = std::path::absolute(path)?;
    // Whoever waits at the other end of a pipe is not asked.
    if !std::fs::metadata(&path)?.is_file() {
        return Err(io::Error::other("it is no file"));
    }
    let bytes = std::fs::File::open(&path)?.metadata()?.len();
    let name = path.file_name().unwrap_or_default();
    Ok(FileView {
        name: name.to_string_lossy().into_owned(),
        path: path.display().to_string(),
        bytes,
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
    // Of what somebody else may have named only the last part counts.
    let name = Path::new(&file_name).file_name().unwrap_or_default();
    free(&folder, &name.to_string_lossy()).display().to_string()
}

/// `name.ext`, or `name-2.ext` and so on where that is taken.
fn free(folder: &Path, file_name: &str) -> PathBuf {
    let (stem, extension) = file_name.split_at(file_name.rfind('.').unwrap_or(file_name.len()));
    let first = folder.join(file_name);
    std::iter::once(first.clone())
        .chain((2..1000).map(|count| folder.join(format!("{stem}-{count}{extension}"))))
        .find(|path| !path.exists())
        .unwrap_or(first)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_looked_at_and_nothing_else_is() {
        let folder = std::env::temp_dir().join(format!("veche-look-{}", std::process::id()));
        std::fs::create_dir_all(&folder).unwrap();
        std::fs::write(folder.join("a.txt"), "four").unwrap();
        let view = look_at(&folder.join("a.txt")).unwrap();
        assert_eq!((view.name.as_str(), view.bytes), ("a.txt", 4));
        assert!(look_at(&folder).is_err());
        assert!(look_at(&folder.join("b.txt")).is_err());
        std::fs::remove_dir_all(folder).unwrap();
    }

    #[test]
    fn suggests_a_path_that_is_free() {
        let folder = std::env::temp_dir().join(format!("veche-suggest-{}", std::process::id()));
        std::fs::create_dir_all(&folder).unwrap();
        assert_eq!(free(&folder, "a.audit"), folder.join("a.audit"));
        std::fs::write(folder.join("a.audit"), "").unwrap();
        assert_eq!(free(&folder, "a.audit"), folder.join("a-2.audit"));
        std::fs::write(folder.join("plain"), "").unwrap();
        assert_eq!(free(&folder, "plain"), folder.join("plain-2"));
        std::fs::remove_dir_all(folder).unwrap();
    }
}
