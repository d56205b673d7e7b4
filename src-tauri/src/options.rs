//! What the command line may say.

use std::path::PathBuf;

use clap::Parser;

use crate::settings::{Language, Theme};

/// Veche: an assembly of equals, its conversations and its votes.
#[derive(Debug, Parser)]
#[command(version)]
pub(crate) struct Options {
    /// Directory of the vault; a place of this program's own if absent.
    #[arg(long, value_name = "DIR")]
    pub(crate) vault: Option<PathBuf>,

    /// For scripted demonstrations: a file with the passphrase, read once at the start. The vault is opened with it
    /// before the window appears, or created if there is none. Whoever can read the file can open the vault.
    #[arg(long, value_name = "FILE")]
    pub(crate) passphrase_file: Option<PathBuf>,

    /// Language of this run; otherwise the one in the settings.
    #[arg(long = "lang", value_name = "LANGUAGE")]
    pub(crate) language: Option<Language>,

    /// Colours of this run; otherwise those in the settings.
    #[arg(long)]
    pub(crate) theme: Option<Theme>,
}
