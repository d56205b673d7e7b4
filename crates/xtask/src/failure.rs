//! What went wrong, in a sentence for the developer.

use std::fmt;

/// A developer command that did not succeed.
#[derive(Debug)]
pub enum Failure {
    /// The command line is not understood, or the machine lacks something that has to be installed by hand.
    Usage(String),
    /// Something that was tried failed.
    Failed(String),
}

/// Result of a developer command.
pub type Result<T> = std::result::Result<T, Failure>;

impl Failure {
    /// Something that was tried failed.
    pub fn failed(message: impl Into<String>) -> Self {
        Self::Failed(message.into())
    }

    /// The exit status of a command that ends like this.
    #[must_use]
    pub const fn exit_status(&self) -> u8 {
        match self {
            Self::Usage(_) => 2,
            Self::Failed(_) => 1,
        }
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Usage(message) | Self::Failed(message) => f.write_str(message),
        }
    }
}

impl std::error::Error for Failure {}

impl From<std::io::Error> for Failure {
    fn from(error: std::io::Error) -> Self {
        Self::Failed(error.to_string())
    }
}

impl From<serde_json::Error> for Failure {
    fn from(error: serde_json::Error) -> Self {
        Self::Failed(format!("not the JSON that was expected: {error}"))
    }
}
