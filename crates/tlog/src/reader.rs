//! A reader's memory of one log: it holds the relay to one growing history.

use crate::ENTRY_BYTES_MAX;
use crate::checkpoint::{BadCheckpoint, Checkpoint, CheckpointKey, Origin, SignedCheckpoint};
use crate::frontier::Frontier;
use crate::hashing::leaf_hash;
use crate::page::{Gone, Page};
use crate::proof::verify_consistency;
use crate::record::LogKind;
use minicbor::{Decode, Encode};
use primitives::{Hash, Time};

/// How far a log has been read and what the relay has signed about it. Canonical CBOR, to be stored as it is.
///
/// Two promises are kept apart: the *frontier* over the entries read, and the *largest* checkpoint known to be the
/// relay's word. When reading passes the largest checkpoint's size, the roots must agree.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(array)]
pub struct Reader {
    #[n(0)]
    origin: Origin,
    #[n(1)]
    frontier: Frontier,
    #[n(2)]
    last_time: Time,
    #[n(3)]
    largest: Option<Known>,
}

#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(array)]
struct Known {
    #[n(0)]
    size: u64,
    #[n(1)]
    root: Hash,
    #[n(2)]
    signed: SignedCheckpoint,
}

impl Known {
    fn new(checkpoint: &Checkpoint, signed: &SignedCheckpoint) -> Self {
        Self {
            size: checkpoint.size,
            root: checkpoint.root,
            signed: signed.clone(),
        }
    }
}

/// What an accepted page has shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Verified {
    /// The checkpoint that came with the page.
    pub checkpoint: Checkpoint,
    /// Entries that the relay has and the reader has not read yet.
    pub unread: u64,
    /// Entries that the reader has passed without reading them: the relay keeps them no longer.
    pub gone: u64,
}

/// How a checkpoint that somebody else holds relates to ours.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Observed {
    /// The same size and root as a checkpoint or prefix that we know.
    Known,
    /// Another size; a consistency proof between the two sizes (to be had from the relay) must settle it:
    /// [`Reader::settle`].
    Unsettled {
        /// The smaller size.
        from: u64,
        /// The larger size.
        to: u64,
    },
}

impl Reader {
    /// The memory of a log of which nothing has been read.
    #[must_use]
    pub fn new(origin: Origin) -> Self {
        Self {
            origin,
            frontier: Frontier::new(),
            last_time: Time(0),
            largest: None,
        }
    }

    /// Which log of which relay.
    #[must_use]
    pub fn origin(&self) -> Origin {
        self.origin
    }

    /// How many entries have been read: the index to read from next.
    #[must_use]
    pub fn size(&self) -> u64 {
        self.frontier.size()
    }

    /// The root over the entries that have been read.
    #[must_use]
    pub fn root(&self) -> Hash {
        self.frontier.root()
    }

    /// The time of the last entry read; 0 before the first.
    #[must_use]
    pub fn last_time(&self) -> Time {
        self.last_time
    }

    /// The largest verified checkpoint, to be shown to others.
    #[must_use]
    pub fn largest(&self) -> Option<&SignedCheckpoint> {
        self.largest.as_ref().map(|known| &known.signed)
    }

    /// The size of the largest verified checkpoint if that is not read up to: no page may pass it over what is gone
    /// (LOG-12), so it goes into the question.
    #[must_use]
    pub fn known_ahead(&self) -> Option<u64> {
        let known = self.largest.as_ref().map(|known| known.size);
        known.filter(|known| *known > self.frontier.size())
    }

    /// Entries under the largest verified checkpoint that have not been read yet.
    #[must_use]
    pub fn unread(&self) -> u64 {
        self.largest
            .as_ref()
            .map_or(0, |known| known.size.saturating_sub(self.frontier.size()))
    }

    /// Checks a page (LOG-01 to LOG-08) of a log that keeps everything and moves past its entries. After an error
    /// nothing has changed.
    ///
    /// Cost: one hash per entry and one per level.
    ///
    /// # Errors
    /// [`Breach`], with the signed checkpoints that convict the relay where there are any.
    pub fn extend(&mut self, page: &Page, key: &CheckpointKey) -> Result<Verified, Breach> {
        self.extend_telling(page, key, |_, _| {})
    }

    /// As [`Reader::extend`], telling the root at each size that it passes; what it told counts only if the page is accepted.
    ///
    /// # Errors
    /// As [`Reader::extend`].
    pub fn extend_telling(
        &mut self,
        page: &Page,
        key: &CheckpointKey,
        passed: impl FnMut(u64, &Frontier),
    ) -> Result<Verified, Breach> {
        self.extend_of(LogKind::Record, page, key, passed)
    }

    /// As [`Reader::extend_telling`], of a log of any kind: one that is not a record may have lost entries to time or to
    /// its reader (LOG-12). They are passed over, and nothing is told of the sizes between.
    ///
    /// # Errors
    /// As [`Reader::extend`].
    pub fn extend_of(
        &mut self,
        kind: LogKind,
        page: &Page,
        key: &CheckpointKey,
        mut passed: impl FnMut(u64, &Frontier),
    ) -> Result<Verified, Breach> {
        let shown = self.open(&page.checkpoint, key)?;
        if page.from != self.frontier.size() {
            return Err(Breach::WrongPosition {
                expected: self.frontier.size(),
                from: page.from,
            });
        }
        let evidence = || self.evidence(&page.checkpoint);
        let mut frontier = self.frontier.clone();
        if let Some(gone) = &page.gone {
            frontier = self.passed_over(gone, kind, &shown)?;
            passed(frontier.size(), &frontier);
            self.passes_largest(&frontier)
                .map_err(|_| Breach::Fork(evidence()))?;
        }
        let mut last_time = self.last_time;
        for entry in &page.entries {
            if entry.time < last_time {
                return Err(Breach::TimesDecrease {
                    index: frontier.size(),
                    evidence: evidence(),
                });
            }
            if !(1..=ENTRY_BYTES_MAX).contains(&entry.bytes.len()) {
                return Err(Breach::WrongLength {
                    index: frontier.size(),
                });
            }
            last_time = entry.time;
            frontier.push(leaf_hash(entry.time, &entry.bytes));
            passed(frontier.size(), &frontier);
            self.passes_largest(&frontier)
                .map_err(|_| Breach::Fork(evidence()))?;
        }
        verify_consistency(
            frontier.size(),
            &frontier.root(),
            shown.size,
            &shown.root,
            &page.consistency,
        )
        .map_err(|_| {
            if shown.size < frontier.size() {
                self.shrunk(&page.checkpoint)
            } else {
                Breach::WrongRoot(evidence())
            }
        })?;
        self.compare(&shown, &page.checkpoint)?;
        let unread = shown.size.saturating_sub(frontier.size());
        let gone = page.first().saturating_sub(page.from);
        let reached = self
            .largest
            .as_ref()
            .is_none_or(|known| frontier.size() >= known.size);
        if reached {
            self.largest = Some(Known::new(&shown, &page.checkpoint));
        }
        self.frontier = frontier;
        self.last_time = last_time;
        Ok(Verified {
            checkpoint: shown,
            unread,
            gone,
        })
    }

    /// Compares a checkpoint from elsewhere (a statement, a message, a receipt) with what is known.
    ///
    /// # Errors
    /// [`Breach::NotSigned`], [`Breach::WrongLog`], or [`Breach::Fork`] if the relay signed another root for a size that
    /// is known.
    pub fn observe(&self, other: &SignedCheckpoint, key: &CheckpointKey) -> Result<Observed, Breach> {
        let shown = self.open(other, key)?;
        if shown.size == self.frontier.size() {
            let same = shown.root == self.frontier.root();
            return if same {
                Ok(Observed::Known)
            } else {
                Err(Breach::Fork(self.evidence(other)))
            };
        }
        match &self.largest {
            _ if shown.size == 0 => Ok(Observed::Known),
            Some(known) if known.size == shown.size && known.root == shown.root => Ok(Observed::Known),
            Some(known) if known.size == shown.size => Err(Breach::Fork(self.evidence(other))),
            known => {
                let ours = known.as_ref().map_or(0, |known| known.size);
                Ok(Observed::Unsettled {
                    from: ours.min(shown.size),
                    to: ours.max(shown.size),
                })
            }
        }
    }

    /// Settles an [`Observed::Unsettled`] checkpoint with a consistency proof; a larger one becomes the largest known.
    ///
    /// # Errors
    /// [`Breach::Fork`] if the proof does not hold. A relay that cannot prove what it signed is not yet *convicted* by
    /// the pair (a transport may have mangled the proof): ask again before accusing.
    pub fn settle(
        &mut self,
        other: &SignedCheckpoint,
        proof: &[Hash],
        key: &CheckpointKey,
    ) -> Result<(), Breach> {
        let shown = self.open(other, key)?;
        let Some(known) = &self.largest else {
            self.largest = Some(Known::new(&shown, other));
            return Ok(());
        };
        let holds = if known.size <= shown.size {
            verify_consistency(known.size, &known.root, shown.size, &shown.root, proof)
        } else {
            verify_consistency(shown.size, &shown.root, known.size, &known.root, proof)
        };
        holds.map_err(|_| Breach::Fork(self.evidence(other)))?;
        if shown.size > known.size {
            self.largest = Some(Known::new(&shown, other));
        }
        Ok(())
    }

    fn open(&self, signed: &SignedCheckpoint, key: &CheckpointKey) -> Result<Checkpoint, Breach> {
        let checkpoint = signed.open(key)?;
        if checkpoint.origin == self.origin {
            Ok(checkpoint)
        } else {
            Err(Breach::WrongLog)
        }
    }

    /// The frontier after what is gone (LOG-12). That its subtrees are the log's the checkpoint's root will show.
    fn passed_over(&self, gone: &Gone, kind: LogKind, shown: &Checkpoint) -> Result<Frontier, Breach> {
        let from = self.frontier.size();
        let may_be = kind != LogKind::Record && gone.to > from && gone.to <= shown.size;
        // Else a history that forks within what is gone would not be noticed.
        let passes_known = self.known_ahead().is_some_and(|known| known < gone.to);
        let reached = (may_be && !passes_known).then(|| self.frontier.completed_by(gone.to, &gone.rest));
        reached.flatten().ok_or(Breach::NotGone { from, to: gone.to })
    }

    /// LOG-08 while reading: at the largest checkpoint's size the roots agree.
    fn passes_largest(&self, frontier: &Frontier) -> Result<(), ()> {
        match &self.largest {
            Some(known) if known.size == frontier.size() && known.root != frontier.root() => Err(()),
            _ => Ok(()),
        }
    }

    /// LOG-07 and LOG-08 between two checkpoints.
    fn compare(&self, shown: &Checkpoint, signed: &SignedCheckpoint) -> Result<(), Breach> {
        match &self.largest {
            Some(known) if shown.size < known.size => Err(self.shrunk(signed)),
            Some(known) if shown.size == known.size && shown.root != known.root => {
                Err(Breach::Fork(self.evidence(signed)))
            }
            _ => Ok(()),
        }
    }

    fn shrunk(&self, shown: &SignedCheckpoint) -> Breach {
        Breach::Shrunk(self.evidence(shown))
    }

    fn evidence(&self, shown: &SignedCheckpoint) -> Evidence {
        Evidence {
            known: self.largest().cloned(),
            shown: shown.clone(),
        }
    }
}

/// Signed words of the relay that do not go together. Anybody who has the relay's key can check the signatures.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(array)]
pub struct Evidence {
    /// The largest checkpoint that was known, if any.
    #[n(0)]
    pub known: Option<SignedCheckpoint>,
    /// The checkpoint that was shown.
    #[n(1)]
    pub shown: SignedCheckpoint,
}

/// How a relay broke the rules of a log.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Breach {
    /// The checkpoint is not the relay's.
    #[error(transparent)]
    NotSigned(#[from] BadCheckpoint),
    /// The checkpoint is of another log.
    #[error("LOG-02: the checkpoint is of another log")]
    WrongLog,
    /// The page does not begin where the reader stands.
    #[error("LOG-03: the page begins at {from}, not at {expected}")]
    WrongPosition {
        /// Where the reader stands.
        expected: u64,
        /// Where the page begins.
        from: u64,
    },
    /// An entry is stamped earlier than the one before it.
    #[error("LOG-04: entry {index} is stamped earlier than the one before it")]
    TimesDecrease {
        /// The entry.
        index: u64,
        /// The checkpoint that covers it.
        evidence: Evidence,
    },
    /// An entry is empty or too long.
    #[error("LOG-05: entry {index} has a length that no entry has")]
    WrongLength {
        /// The entry.
        index: u64,
    },
    /// Entries are said to be gone where none can be, or in a way that cannot be checked.
    #[error("LOG-12: the entries from {from} to {to} cannot be gone like this")]
    NotGone {
        /// Where the reader stands.
        from: u64,
        /// Where they are said to end.
        to: u64,
    },
    /// The entries do not lead to the root that the relay signed.
    #[error("LOG-06: the entries do not lead to the signed root")]
    WrongRoot(Evidence),
    /// The relay shows less than it has signed before.
    #[error("LOG-07: the relay shows fewer entries than it has signed before")]
    Shrunk(Evidence),
    /// The relay signed two histories.
    #[error("LOG-08: the relay has signed two different histories of this log")]
    Fork(Evidence),
}

impl Breach {
    /// The rule that was broken.
    #[must_use]
    pub const fn rule(&self) -> &'static str {
        match self {
            Self::NotSigned(_) => "LOG-01",
            Self::WrongLog => "LOG-02",
            Self::WrongPosition { .. } => "LOG-03",
            Self::TimesDecrease { .. } => "LOG-04",
            Self::WrongLength { .. } => "LOG-05",
            Self::WrongRoot(_) => "LOG-06",
            Self::Shrunk(_) => "LOG-07",
            Self::Fork(_) => "LOG-08",
            Self::NotGone { .. } => "LOG-12",
        }
    }

    /// The relay's own signatures, to be kept, shown and told to the others; `None` if it signed nothing wrong.
    #[must_use]
    pub const fn evidence(&self) -> Option<&Evidence> {
        match self {
            Self::TimesDecrease { evidence, .. }
            | Self::WrongRoot(evidence)
            | Self::Shrunk(evidence)
            | Self::Fork(evidence) => Some(evidence),
            _ => None,
        }
    }
}
