//! An append, from the call to the receipt.

use crate::batch::problem;
use crate::gate::Gates;
use crate::service::{Service, too_fast};
use crate::task::{Done, Role, Task};
use minicbor::bytes::ByteArray;
use primitives::canonical::sha256;
use primitives::{Hash, LogId};
use relay_api::{Problem, ProblemKind, Reply, verify_append};
use std::sync::Arc;
use std::time::Instant;
use tlog::{Gate, Receipt, inclusion_proof};

/// What is known of an entry before proofs are looked at.
enum Judged {
    Known(Role),
    /// It has to be a ballot of this box, which may be closed.
    Gated(Box<Gate>, bool),
}

impl Service {
    /// Appends an entry; answered when it is durable.
    pub(crate) async fn append(
        self: &Arc<Self>,
        log: LogId,
        entry: Vec<u8>,
        signature: ByteArray<64>,
    ) -> Result<Reply, Problem> {
        // A row that is remembered takes no disk.
        let (entry, hash, judged) = if self.committed.remembers(log) {
            self.judge(log, entry, &signature)?
        } else {
            self.blocking(move |service| service.judge(log, entry, &signature))
                .await?
        };
        let role = match judged {
            Judged::Known(role) => role,
            Judged::Gated(gate, closed) => {
                Role::Ballot(self.gates.admits(log, (&gate, closed), hash, &entry).await?)
            }
        };
        match self
            .queue
            .submit(Task::Append {
                log,
                hash,
                bytes: entry,
                role,
            })
            .await?
        {
            Done::Placed { index, time } => {
                self.blocking(move |service| {
                    let (row, checkpoint) = service.checkpoint(log)?;
                    let path =
                        inclusion_proof(&service.nodes(log), index, row.frontier.size()).map_err(problem)?;
                    Ok(Reply::Appended(Receipt {
                        index,
                        time,
                        checkpoint,
                        path,
                    }))
                })
                .await
            }
            Done::Waits { slot_end } => Ok(Reply::Pending { slot_end }),
            Done::Created | Done::Stored | Done::Stands(_) | Done::Trimmed(_) => {
                Err(ProblemKind::Internal.into())
            }
        }
    }

    /// Everything about an entry that needs no sequence and no proof: signature, length, rate.
    fn judge(
        &self,
        log: LogId,
        entry: Vec<u8>,
        signature: &[u8; 64],
    ) -> Result<(Vec<u8>, Hash, Judged), Problem> {
        let row = self.committed.row(log).map_err(problem)?;
        // Of an unknown log a signature is verified too, by a key that signs no appends: it takes as long.
        let nobody = self.identity.key().verifying_key();
        let key = row.as_ref().map_or(&nobody, |row| &row.record.append_key);
        let allowed = verify_append(key, log, &entry, signature).is_ok();
        let row = row.filter(|_| allowed).ok_or(ProblemKind::NotFound)?;
        let hash = sha256(&entry);
        let gate = row.record.gate.as_ref();
        if gate.is_some_and(|gate| Gates::closes(gate, &entry)) {
            return Ok((entry, hash, Judged::Known(Role::Close)));
        }
        if !row.record.allows_len(entry.len()) {
            return Err(ProblemKind::WrongLength.into());
        }
        if let Some(gate) = gate {
            return Ok((entry, hash, Judged::Gated(Box::new(gate.clone()), row.closed)));
        }
        if row.record.slots.is_none() {
            self.rates.take(log, Instant::now()).map_err(too_fast)?;
        }
        Ok((entry, hash, Judged::Known(Role::Plain)))
    }
}
