//! Commands about devices of one's own.

use clap::Subcommand;

/// Commands about devices of one's own.
#[derive(Debug, Subcommand)]
pub(crate) enum DevicesCommand {
    /// List them, and show who waits behind the link, with the code to compare.
    List,
    /// Make a link by which a further one comes in within an hour, on the first device only. The link is a secret.
    Link,
    /// Let in the one that waits, once its code has been compared with this one. It gets what was said so far, unless
    /// --no-history.
    Admit {
        /// The code that the new device shows: its ten digits.
        #[arg(required = true, num_args = 1..=2)]
        code: Vec<String>,
        /// It gets what was said so far; this is so if nothing is said.
        #[arg(long, conflicts_with = "no_history")]
        history: bool,
        /// It gets only what is said from now on.
        #[arg(long)]
        no_history: bool,
    },
    /// On the new device: give up the link behind which it waits.
    GiveUp,
    /// Make the link void, and refuse the one that waits behind it.
    Cancel,
    /// Revoke a further one: on the first device, or on the device itself. What is on it stays on it.
    Revoke {
        /// Its key, or as much of the beginning as no other has.
        device: String,
    },
    /// Say that one knows of a device that has come: this vault reminds of it no longer.
    Acknowledge {
        /// Its key, or as much of the beginning as no other has.
        device: String,
    },
}
