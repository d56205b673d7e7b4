//! What a relay does about entries that it has signed and does not have.
//!
//! Whoever shows a checkpoint shows the relay's own signature, so nobody can freeze a log with something made up.
//! Entries are taken back if they lead to the root of such a checkpoint, whoever brings them.

use crate::batch::{Batch, problem};
use crate::recovery::WAIT;
use crate::store::{Doubt, LogStore, StoreFault};
use crate::task::{Given, Role};
use primitives::{Hash, LogId, Time};
use relay_api::{Problem, ProblemKind, Standing};
use tlog::{Checkpoint, Frontier, HashReader, frontier_at, leaf_hash, subtree_root};

impl Batch<'_> {
    /// Compares what the relay has signed with what it has. What proves it wrong is remembered durably.
    pub(crate) fn show(&mut self, log: LogId, shown: &Checkpoint) -> Result<Standing, Problem> {
        let row = self.change(log)?.ok_or(ProblemKind::NotFound)?.row.clone();
        let size = row.frontier.size();
        let known = row.doubt.as_ref().map_or(0, |doubt| doubt.known);
        let new = Doubt {
            known: shown.size,
            root: shown.root,
            broken: row.doubt.as_ref().is_some_and(|doubt| doubt.broken),
        };
        let doubt = if shown.size <= size {
            let root = self.root_at(log, &row.frontier, shown.size).map_err(problem)?;
            (root != shown.root).then(|| row.doubt.clone().unwrap_or(new).broken())
        } else if shown.size > known {
            // Another process over the same store may have gone on.
            let stored = self.store.row(log).map_err(problem)?;
            if stored.is_some_and(|stored| stored.frontier.size() > size) {
                return Err(Problem::new(ProblemKind::Busy).retry_after(1_000));
            }
            Some(new)
        } else if shown.size == known && row.doubt.as_ref().is_some_and(|doubt| doubt.root != shown.root) {
            row.doubt.clone().map(Doubt::broken)
        } else {
            None
        };
        if doubt.is_some() && doubt != row.doubt {
            self.set_doubt(log, doubt);
        }
        self.stands(log)
    }

    /// Takes entries back. The page may begin before the end of what is here; what it holds of that is compared.
    pub(crate) fn give_back(&mut self, given: Given) -> Result<Standing, Problem> {
        let log = given.log;
        let standing = self.show(log, &given.checkpoint)?;
        if !matches!(standing, Standing::Behind { .. }) {
            return Ok(standing);
        }
        let row = self.change(log)?.ok_or(ProblemKind::NotFound)?.row.clone();
        let size = row.frontier.size();
        if given.from > size {
            return Err(ProblemKind::OutOfRange.into());
        }
        let mut frontier = if given.from == size {
            row.frontier.clone()
        } else {
            frontier_at(&self.nodes(log), given.from).map_err(problem)?
        };
        let mut here = (frontier.size() == size).then(|| frontier.root());
        let mut last_time = if given.from == size {
            row.last_time
        } else {
            Time(0)
        };
        for (.., entry) in &given.entries {
            if entry.time < last_time {
                return Err(leads_nowhere());
            }
            last_time = entry.time;
            frontier.push(leaf_hash(entry.time, &entry.bytes));
            if frontier.size() == size {
                here = Some(frontier.root());
            }
        }
        let reached = frontier.completed_by(given.checkpoint.size, &given.rest);
        if reached.map(|reached| reached.root()) != Some(given.checkpoint.root) {
            return Err(leads_nowhere());
        }
        // From here on, what was given is what the relay has signed.
        let ours = match here {
            Some(root) => root == row.frontier.root(),
            None => {
                self.root_at(log, &row.frontier, frontier.size())
                    .map_err(problem)?
                    == frontier.root()
            }
        };
        if !ours {
            self.set_doubt(log, row.doubt.map(Doubt::broken));
            return self.stands(log);
        }
        let have = usize::try_from(size.saturating_sub(given.from)).unwrap_or(usize::MAX);
        for (hash, role, entry) in given.entries.into_iter().skip(have) {
            self.take_back(log, hash, role).map_err(problem)?;
            self.place(log, hash, entry);
        }
        let whole = self.changes.get(&log).is_some_and(|change| {
            let doubt = change.row.doubt.as_ref();
            doubt.is_some_and(|doubt| change.row.frontier.size() >= doubt.known)
        });
        if whole {
            self.set_doubt(log, None);
            self.thawed = true;
        }
        self.stands(log)
    }

    /// What an entry has done to its log besides being in it.
    fn take_back(&mut self, log: LogId, hash: Hash, role: Role) -> Result<(), StoreFault> {
        let waited = self.store.waits_until(log, hash)?.is_some();
        let new_tag = match role {
            Role::Ballot(tag) if !waited && !self.store.has_tag(log, &tag)? => Some(tag),
            _ => None,
        };
        let Some(change) = self.changes.get_mut(&log) else {
            return Ok(());
        };
        if waited {
            change.sequenced.push(hash);
        }
        if let Some(tag) = new_tag {
            change.tags.push(tag);
            change.row.ballots = change.row.ballots.saturating_add(1);
        }
        if role == Role::Close {
            change.row.closed = true;
        }
        Ok(())
    }

    fn set_doubt(&mut self, log: LogId, doubt: Option<Doubt>) {
        if let Some(doubt) = &doubt {
            tracing::error!(
                broken = doubt.broken,
                "a member shows more than the relay has, or something else: its store is an older copy. Nothing is \
                 appended until members have given back what is missing; docs/spec/relay.md, Recovery, says how"
            );
            if !self.recovery.is_on()
                && let Err(error) = self.recovery.begin(WAIT)
            {
                tracing::error!(%error, "that could not be written down; it holds until the relay stops");
            }
        }
        if let Some(change) = self.changes.get_mut(&log) {
            change.row.doubt = doubt;
            self.doubted.insert(log);
        }
    }

    fn stands(&mut self, log: LogId) -> Result<Standing, Problem> {
        let (recovery, now) = (self.recovery, self.now.unwrap_or(Time(0)));
        let change = self.change(log)?.ok_or(ProblemKind::NotFound)?;
        Ok(recovery.standing(&change.row, now))
    }

    /// The root over the first `size` entries, of those that are here.
    fn root_at(&self, log: LogId, frontier: &Frontier, size: u64) -> Result<Hash, StoreFault> {
        if size == frontier.size() {
            Ok(frontier.root())
        } else {
            subtree_root(&self.nodes(log), 0, size)
        }
    }

    fn nodes(&self, log: LogId) -> Nodes<'_> {
        Nodes {
            store: self.store,
            log,
            new: self.changes.get(&log).map_or(&[], |change| &change.nodes),
        }
    }
}

/// Nodes of this batch, then those of the store.
struct Nodes<'a> {
    store: &'a dyn LogStore,
    log: LogId,
    new: &'a [(u8, u64, Hash)],
}

impl HashReader for Nodes<'_> {
    type Error = StoreFault;

    fn node(&self, level: u8, index: u64) -> Result<Hash, StoreFault> {
        let new = self
            .new
            .iter()
            .find(|(at, number, _)| (*at, *number) == (level, index));
        new.map_or_else(|| self.store.node(self.log, level, index), |(.., hash)| Ok(*hash))
    }
}

fn leads_nowhere() -> Problem {
    Problem::detailed(
        ProblemKind::Malformed,
        "The entries do not lead from what is here to the checkpoint.",
    )
}
