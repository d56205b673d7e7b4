//! `veche-relay rotate`: other keys under the same identity.

use crate::Failure;
use relay::identity::Identity;
use relay::lock::DirLock;
use std::path::PathBuf;

/// Options of the command.
#[derive(Debug, clap::Args)]
pub(crate) struct Rotate {
    /// The data directory; no relay may be running on it.
    #[arg(long, value_name = "DIR")]
    data: PathBuf,
    /// Draws another TLS key. Nobody notices: members pin the identity key.
    #[arg(long)]
    tls: bool,
    /// Draws another checkpoint key. The old one goes on signing beside it, for assemblies that were founded with it.
    #[arg(long)]
    checkpoint: bool,
    /// Ends the signing by the checkpoint key before this one. Programs of members that know no other take nothing from the
    /// relay any more: only when no assembly that was founded with it is left, or when somebody else has it.
    #[arg(long, conflicts_with = "checkpoint")]
    retire: bool,
}

impl Rotate {
    /// Does it, and says what was done.
    ///
    /// # Errors
    /// [`Failure`].
    pub(crate) fn run(&self) -> Result<String, Failure> {
        if !(self.tls || self.checkpoint || self.retire) {
            return Err(Failure::misuse("say which key: --tls, --checkpoint or --retire"));
        }
        let shown = self.data.display();
        if !self.data.join("identity.key").is_file() {
            return Err(Failure::misuse(format!(
                "{shown} has no identity.key: give the data directory of a relay, with its keys"
            )));
        }
        let failed = |error: std::io::Error| Failure::environment(format!("{shown} cannot be used: {error}"));
        let lock = DirLock::take(&self.data).map_err(failed)?;
        let lock = lock.ok_or_else(|| {
            Failure::misuse(format!(
                "{shown} is in use by a running relay: stop it, run this, and start it again"
            ))
        })?;
        if lock.is_copy() {
            return Err(Failure::environment(format!(
                "{shown} is a copy of another directory: run veche-relay recover first"
            )));
        }
        let mut done = Vec::new();
        if self.retire {
            if !Identity::retire_previous(&self.data).map_err(failed)? {
                return Err(Failure::environment("no previous checkpoint key signs any more"));
            }
            done.push("The previous checkpoint key signs no more; what it has signed still binds the relay.");
        }
        if self.checkpoint {
            if !Identity::rotate_checkpoint(&self.data).map_err(failed)? {
                return Err(Failure::environment(
                    "a previous checkpoint key still signs along: end that with --retire before drawing another one",
                ));
            }
            done.push("The checkpoint key is another one; the old one signs along until --retire.");
        }
        if self.tls {
            Identity::rotate_tls(&self.data).map_err(failed)?;
            done.push("The TLS key is another one.");
        }
        done.push(
            "The address stays. Back up the *.key files and checkpoint-retired again, then start the relay.",
        );
        Ok(done.join(" "))
    }
}
