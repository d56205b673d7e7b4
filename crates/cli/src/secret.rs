//! Secrets and texts from files, descriptors and the terminal.

use crate::ending::Ending;
use std::fs::File;
use std::io::{BufRead, BufReader, ErrorKind, Read};
use std::path::{Path, PathBuf};
use zeroize::Zeroizing;

/// Longest line that is taken for a secret, in bytes.
const LINE_MAX: u64 = 8 * 1024;
/// Longest text, in bytes; the interface's own limits are narrower.
const TEXT_MAX: u64 = 1024 * 1024;

/// Where a secret comes from: a file, a descriptor, or else the terminal without echo.
#[derive(Debug, Clone, Default)]
pub(crate) struct Source {
    /// A file; its first line counts.
    pub(crate) file: Option<PathBuf>,
    /// An open descriptor of ours; its first line counts.
    pub(crate) fd: Option<u32>,
}

impl Source {
    /// A file.
    pub(crate) fn file(path: &Path) -> Self {
        Self {
            file: Some(path.to_path_buf()),
            fd: None,
        }
    }

    /// Whether the terminal will be asked.
    pub(crate) const fn asks(&self) -> bool {
        self.file.is_none() && self.fd.is_none()
    }

    /// Reads the secret, asking with `prompt` if there is neither file nor descriptor.
    pub(crate) fn read(&self, prompt: &str) -> Result<Zeroizing<String>, Ending> {
        let path = match (&self.file, self.fd) {
            (Some(file), _) => file.clone(),
            // The system gives every open descriptor a name; opening it needs no unsafe code.
            (None, Some(fd)) => PathBuf::from(format!("/dev/fd/{fd}")),
            (None, None) => {
                let typed = rpassword::prompt_password(prompt);
                return typed.map(Zeroizing::new).map_err(|error| match error.kind() {
                    ErrorKind::Interrupted => Ending::Interrupted,
                    _ => Ending::Usage(format!("no terminal to ask: {error}")),
                });
            }
        };
        let unreadable =
            |error: std::io::Error| Ending::Usage(format!("cannot read {}: {error}", path.display()));
        let mut line = Zeroizing::new(String::new());
        let file = File::open(&path).map_err(unreadable)?;
        BufReader::new(file.take(LINE_MAX))
            .read_line(&mut line)
            .map_err(unreadable)?;
        while line.ends_with(['\n', '\r']) {
            line.pop();
        }
        if line.is_empty() {
            return Err(Ending::Usage(format!(
                "{} begins with an empty line",
                path.display()
            )));
        }
        Ok(line)
    }
}

/// Reads a whole text from a file, or from standard input; the last line end is dropped.
pub(crate) fn read_text(path: Option<&Path>) -> Result<String, Ending> {
    let mut text = String::new();
    let read = match path {
        Some(path) => File::open(path).and_then(|file| file.take(TEXT_MAX).read_to_string(&mut text)),
        None => std::io::stdin().lock().take(TEXT_MAX).read_to_string(&mut text),
    };
    read.map_err(|error| {
        let name = path.map_or_else(|| "standard input".to_owned(), |path| path.display().to_string());
        Ending::Usage(format!("cannot read {name}: {error}"))
    })?;
    text.truncate(text.trim_end_matches(['\n', '\r']).len());
    Ok(text)
}
