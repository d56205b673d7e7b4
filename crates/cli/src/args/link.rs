//! Links that carry a secret.

use crate::ending::Ending;
use crate::secret::Source;
use std::path::PathBuf;

/// Where an invitation's or a device's link comes from: it carries a secret.
#[derive(Debug, clap::Args)]
pub(crate) struct LinkSource {
    /// File whose first line is the link.
    #[arg(long, value_name = "FILE", conflicts_with = "link_fd")]
    link_file: Option<PathBuf>,
    /// File descriptor whose first line is the link.
    #[arg(long, value_name = "N")]
    link_fd: Option<u32>,
}

impl LinkSource {
    /// The link; the terminal is asked with `prompt`.
    pub(crate) fn read(&self, prompt: &str) -> Result<String, Ending> {
        let source = Source {
            file: self.link_file.clone(),
            fd: self.link_fd,
        };
        Ok(source.read(prompt)?.to_string())
    }
}
