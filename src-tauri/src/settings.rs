//! The window's own settings: a small file outside the vault, for the unlock screen needs them.

use std::{
    fs, io,
    path::{Path, PathBuf},
    sync::{Mutex, PoisonError},
};

use clap::ValueEnum;
use serde::{Deserialize, Serialize};

/// Language of the interface.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ValueEnum)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Language {
    /// Russian.
    Ru,
    /// English.
    En,
}

/// Colours of the interface.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, ValueEnum)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Theme {
    /// As the system says.
    #[default]
    System,
    /// Dark on light.
    Light,
    /// Light on dark.
    Dark,
}

/// How large the interface is written.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum TextSize {
    /// As designed.
    #[default]
    Normal,
    /// About a fifth more.
    Large,
    /// About two fifths more.
    Largest,
}

/// What the file holds.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Settings {
    /// Absent until chosen: the page then follows the system.
    pub(crate) language: Option<Language>,
    pub(crate) theme: Theme,
    pub(crate) text_size: TextSize,
}

/// Settings in memory and their file. What the command line says is written only when the person changes a setting.
#[derive(Debug)]
pub(crate) struct SettingsFile {
    path: PathBuf,
    current: Mutex<Settings>,
}

impl SettingsFile {
    /// Reads `path`; a missing or unreadable file means the defaults.
    pub(crate) fn open(path: PathBuf, language: Option<Language>, theme: Option<Theme>) -> Self {
        let mut settings = read(&path);
        settings.language = language.or(settings.language);
        settings.theme = theme.unwrap_or(settings.theme);
        Self {
            path,
            current: Mutex::new(settings),
        }
    }

    pub(crate) fn current(&self) -> Settings {
        *self.current.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The language that was chosen, or the system's.
    pub(crate) fn language(&self) -> Language {
        let spoken = ["LC_ALL", "LC_MESSAGES", "LANG"]
            .into_iter()
            .filter_map(|name| std::env::var(name).ok())
            .find(|value| !value.is_empty());
        let system = || match spoken {
            Some(value) if value.starts_with("ru") => Language::Ru,
            _ => Language::En,
        };
        self.current().language.unwrap_or_else(system)
    }

    /// Replaces the settings, in memory and in the file.
    pub(crate) fn replace(&self, settings: Settings) -> io::Result<()> {
        *self.current.lock().unwrap_or_else(PoisonError::into_inner) = settings;
        write(&self.path, &settings)
    }
}

fn read(path: &Path) -> Settings {
    fs::read(path)
        .ok()
        .and_then(|bytes| serde_json::from_slice(&bytes).ok())
        .unwrap_or_default()
}

fn write(path: &Path, settings: &Settings) -> io::Result<()> {
    if let Some(parent) = path.parent() {
        fs::create_dir_all(parent)?;
    }
    let fresh = path.with_extension("new");
    fs::write(&fresh, serde_json::to_vec_pretty(settings)?)?;
    fs::rename(fresh, path)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_missing_file_means_the_defaults() {
        let file = SettingsFile::open(PathBuf::from("/nonexistent/settings.json"), None, None);
        assert_eq!(file.current(), Settings::default());
    }

    #[test]
    fn a_file_of_an_earlier_version_is_read() {
        let path = std::env::temp_dir().join(format!("veche-settings-old-{}.json", std::process::id()));
        fs::write(&path, r#"{"language":"ru","theme":"dark"}"#).unwrap();
        let settings = SettingsFile::open(path.clone(), None, None).current();
        assert_eq!(settings.theme, Theme::Dark);
        assert_eq!(settings.text_size, TextSize::Normal);
        fs::remove_file(path).unwrap();
    }

    #[test]
    fn remembers_what_was_set() {
        let path = std::env::temp_dir().join(format!("veche-settings-{}.json", std::process::id()));
        let settings = Settings {
            language: Some(Language::En),
            theme: Theme::Dark,
            text_size: TextSize::Large,
        };
        SettingsFile::open(path.clone(), None, None)
            .replace(settings)
            .unwrap();
        assert_eq!(SettingsFile::open(path.clone(), None, None).current(), settings);
        let overridden = SettingsFile::open(path.clone(), Some(Language::Ru), Some(Theme::Light)).current();
        assert_eq!(
            overridden,
            Settings {
                language: Some(Language::Ru),
                theme: Theme::Light,
                text_size: TextSize::Large,
            }
        );
        fs::remove_file(path).unwrap();
    }
}
