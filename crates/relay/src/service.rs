//! What a relay does for a call, whatever carried it.

mod pages;

use crate::batch::problem;
use crate::clock::Clock;
use crate::committed::Committed;
use crate::gate::Gates;
use crate::identity::Identity;
use crate::pieces::{Exchanges, Next};
use crate::rate::{LogRates, Rate};
use crate::recovery::{Recovery, refusal};
use crate::sequencer::Queue;
use crate::settings::Settings;
use crate::store::{LogStore, Row, StoreFault};
use crate::tails::Tails;
use crate::task::{Done, Given, Role, Task};
use crate::watch::Watchers;
use minicbor::bytes::ByteArray;
use primitives::canonical::sha256;
use primitives::signed::Unverified;
use primitives::{Hash, LogId, Time, encode};
use relay_api::limits::{
    BLOB_BYTES_MAX, ENTRY_BYTES_MAX, PAGE_BYTES_MAX, PAGE_ENTRIES_MAX, ROLL_LEN_MAX, WATCH_LOGS_MAX,
};
use relay_api::{
    Call, CreateToken, Limits, Piece, Problem, ProblemKind, ReadToken, RelayKeys, Reply, Standing,
};
use std::sync::Arc;
use std::time::{Duration, Instant};
use tlog::{
    Checkpoint, CreateLog, Entry, HashReader, Origin, Page, SignedCheckpoint, consistency_proof, subtree_root,
};

/// Everything that answers calls.
pub struct Service {
    pub(crate) store: Arc<dyn LogStore>,
    pub(crate) committed: Committed,
    watchers: Arc<Watchers>,
    pub(crate) queue: Queue,
    clock: Arc<dyn Clock>,
    pub(crate) identity: Identity,
    keys: Unverified,
    pub(crate) gates: Arc<Gates>,
    pub(crate) rates: LogRates,
    exchanges: Exchanges,
    tails: Tails,
    settings: Settings,
    recovery: Arc<Recovery>,
}

impl Service {
    /// Puts the parts together.
    #[must_use]
    pub fn new(
        (store, committed, watchers): (Arc<dyn LogStore>, Committed, Arc<Watchers>),
        queue: Queue,
        clock: Arc<dyn Clock>,
        identity: Identity,
        settings: Settings,
    ) -> Self {
        let keys = RelayKeys::sign(
            identity.key(),
            identity.checkpoint_key().verifying_key(),
            clock.read().wall,
        );
        let every = Duration::from_millis(settings.append_every_ms.into());
        Self {
            rates: LogRates::new(Rate {
                burst: settings.append_burst,
                every,
            }),
            exchanges: Exchanges::default(),
            tails: Tails::default(),
            gates: Arc::new(Gates::new(Arc::clone(&store))),
            store,
            committed,
            watchers,
            queue,
            clock,
            identity,
            keys,
            settings,
            recovery: Arc::default(),
        }
    }

    /// The same, with keys that are given out as of then.
    #[must_use]
    pub fn issued(mut self, at: Time) -> Self {
        self.keys = RelayKeys::sign(
            self.identity.key(),
            self.identity.checkpoint_key().verifying_key(),
            at,
        );
        self
    }

    /// The same, of a relay that may be recovering: what its sequencer was started with.
    #[must_use]
    pub fn recovering(mut self, recovery: Arc<Recovery>) -> Self {
        self.recovery = recovery;
        self
    }

    /// Does what is asked.
    pub async fn call(self: &Arc<Self>, call: Call, token: Option<CreateToken>) -> Reply {
        self.answer(call, token).await.0
    }

    /// [`Service::call`], and why it was refused, if it was: also where that travels in pieces.
    pub(crate) async fn answer(
        self: &Arc<Self>,
        call: Call,
        token: Option<CreateToken>,
    ) -> (Reply, Option<ProblemKind>) {
        let result = match call {
            Call::Piece(piece) => self.piece(piece, token).await,
            call => self.run_call(call, token).await.map(|reply| (reply, None)),
        };
        result.unwrap_or_else(|problem| {
            let kind = problem.kind;
            (Reply::Problem(problem), Some(kind))
        })
    }

    pub(crate) async fn whole_call(
        self: &Arc<Self>,
        call: Call,
        token: Option<CreateToken>,
    ) -> Result<Reply, Problem> {
        match call {
            Call::Create { record, roll } => self.create(record, roll, token).await,
            Call::Append {
                log,
                entry,
                signature,
            } => self.append(log, entry, signature).await,
            Call::Read {
                log,
                token,
                from,
                bytes_max,
                known,
            } => {
                let page = self.page(log, token, (from, known), bytes_max);
                page.await.map(Reply::Page)
            }
            Call::Trim {
                log,
                token,
                before,
                signature,
            } => self.trim(log, token, before, *signature).await,
            Call::Consistency { log, token, from, to } => {
                self.blocking(move |service| service.consistency(log, &token, from, to))
                    .await
            }
            Call::PutBlob { log, token, bytes } => self.put_blob(log, &token, bytes).await,
            Call::GetBlob {
                log,
                token,
                hash,
                offset,
                len,
            } => {
                self.blocking(move |service| service.blob(log, &token, hash, offset, len))
                    .await
            }
            Call::Show {
                log,
                token,
                checkpoint,
            } => self.show(log, token, checkpoint).await,
            Call::GiveBack {
                log,
                token,
                from,
                entries,
                checkpoint,
                rest,
            } => {
                let work = move |service: &Self| {
                    let checkpoint = service.own_checkpoint(log, &token, &checkpoint)?;
                    match service.settled(log, &checkpoint)? {
                        Some(standing) => Ok(Err(standing)),
                        None => service.sort(log, from, entries, checkpoint, rest).map(Ok),
                    }
                };
                match self.blocking(work).await? {
                    Err(standing) => Ok(Reply::Standing(standing)),
                    Ok(given) => self.standing_after(Task::GiveBack(Box::new(given))).await,
                }
            }
            Call::Keys => Ok(Reply::Keys(self.keys.clone())),
            Call::Limits => Ok(Reply::Limits(self.limits())),
            Call::Piece(_) => Err(ProblemKind::Malformed.into()),
        }
    }

    /// A page of a log that the token reads, from an index on; what is gone before the first entry goes no further than
    /// what the reader knows, if it says so.
    ///
    /// # Errors
    /// [`ProblemKind::NotFound`], [`ProblemKind::OutOfRange`].
    pub async fn page(
        self: &Arc<Self>,
        log: LogId,
        token: ReadToken,
        from: (u64, Option<u64>),
        bytes_max: u32,
    ) -> Result<Page, Problem> {
        // When a log grows, everybody who watches it wants the same page.
        if self.committed.remembers(log) {
            let row = self.readable(log, &token)?;
            let size = row.frontier.size();
            if row.doubt.is_none()
                && row.kept().gone <= from.0
                && let Some(page) = self.tails.get(log, from.0..size, bytes_max)
            {
                return Ok(page);
            }
        }
        let page = self
            .blocking(move |service| service.read(log, &token, from, bytes_max))
            .await?;
        self.tails.keep(log, &page);
        Ok(page)
    }

    /// The row of a log, if the token reads it. Unknown and forbidden look the same.
    ///
    /// # Errors
    /// [`ProblemKind::NotFound`].
    pub fn readable(&self, log: LogId, token: &ReadToken) -> Result<Arc<Row>, Problem> {
        let row = self.committed.row(log).map_err(problem)?;
        let hash = token.hash();
        row.filter(|row| row.record.read_token_hash == hash)
            .ok_or_else(|| ProblemKind::NotFound.into())
    }

    /// Who is told that logs have grown.
    #[must_use]
    pub fn watchers(&self) -> &Watchers {
        &self.watchers
    }

    /// The settings in force.
    #[must_use]
    pub const fn settings(&self) -> &Settings {
        &self.settings
    }

    async fn create(
        self: &Arc<Self>,
        record: CreateLog,
        roll: Vec<ByteArray<32>>,
        token: Option<CreateToken>,
    ) -> Result<Reply, Problem> {
        if self
            .settings
            .create_token
            .as_ref()
            .is_some_and(|needed| !same_token(needed, token.as_ref()))
        {
            return Err(ProblemKind::TokenNeeded.into());
        }
        record
            .check()
            .map_err(|error| Problem::detailed(ProblemKind::BadRecord, error.to_string()))?;
        if roll.len() > ROLL_LEN_MAX {
            return Err(ProblemKind::TooLarge.into());
        }
        let log = record.id();
        let (record, roll) = self
            .blocking(move |_| {
                match &record.gate {
                    Some(gate) => Gates::check_roll(gate, &roll)?,
                    None if roll.is_empty() => {}
                    None => return Err(ProblemKind::BadRecord.into()),
                }
                Ok((record, roll))
            })
            .await?;
        self.queue
            .submit(Task::Create {
                record: Box::new(record),
                roll,
            })
            .await?;
        Ok(Reply::Created { log })
    }

    fn consistency(&self, log: LogId, token: &ReadToken, from: u64, to: u64) -> Result<Reply, Problem> {
        let row = self.readable(log, token)?;
        if from > to || to > row.frontier.size() {
            return Err(ProblemKind::OutOfRange.into());
        }
        let path = consistency_proof(&self.nodes(log), from, to).map_err(problem)?;
        Ok(Reply::Consistency { path })
    }

    async fn put_blob(&self, log: LogId, token: &ReadToken, bytes: Vec<u8>) -> Result<Reply, Problem> {
        self.readable(log, token)?;
        if !(1..=BLOB_BYTES_MAX).contains(&bytes.len()) {
            return Err(ProblemKind::WrongLength.into());
        }
        self.rates.take(log, Instant::now()).map_err(too_fast)?;
        let hash = sha256(&bytes);
        self.queue.submit(Task::Blob { log, hash, bytes }).await?;
        Ok(Reply::BlobStored { hash })
    }

    fn blob(
        &self,
        log: LogId,
        token: &ReadToken,
        hash: Hash,
        offset: u32,
        len: u32,
    ) -> Result<Reply, Problem> {
        self.readable(log, token)?;
        let found = self.store.blob(log, hash, offset, len);
        // It may be dropped while it is read; then it is not there.
        let found = found.or_else(|_| self.store.blob(log, hash, offset, len));
        let found = found.map_err(problem)?;
        let (blob_len, bytes) = found.ok_or(ProblemKind::NotFound)?;
        if offset > blob_len {
            Err(ProblemKind::OutOfRange.into())
        } else {
            Ok(Reply::Blob { blob_len, bytes })
        }
    }

    async fn show(
        self: &Arc<Self>,
        log: LogId,
        token: ReadToken,
        shown: SignedCheckpoint,
    ) -> Result<Reply, Problem> {
        let work = move |service: &Self| {
            let checkpoint = service.own_checkpoint(log, &token, &shown)?;
            Ok((service.settled(log, &checkpoint)?, checkpoint))
        };
        match self.blocking(work).await? {
            (Some(standing), _) => Ok(Reply::Standing(standing)),
            (None, checkpoint) => self.standing_after(Task::Show { log, checkpoint }).await,
        }
    }

    /// How a log stands of which the checkpoint says nothing new; the sequencer is not troubled with those.
    fn settled(&self, log: LogId, checkpoint: &Checkpoint) -> Result<Option<Standing>, Problem> {
        let row = self
            .committed
            .row(log)
            .map_err(problem)?
            .ok_or(ProblemKind::NotFound)?;
        if row.doubt.is_some() || checkpoint.size > row.frontier.size() {
            return Ok(None);
        }
        let root = subtree_root(&self.nodes(log), 0, checkpoint.size).map_err(problem)?;
        let now = self.clock.read().wall;
        Ok((root == checkpoint.root).then(|| self.recovery.standing(&row, now)))
    }

    /// The checkpoint, if this relay has signed it for this log.
    fn own_checkpoint(
        &self,
        log: LogId,
        token: &ReadToken,
        shown: &SignedCheckpoint,
    ) -> Result<Checkpoint, Problem> {
        self.readable(log, token)?;
        let keys = self.identity.checkpoint_keys();
        let opened = keys.iter().find_map(|key| shown.open(key).ok());
        opened
            .filter(|checkpoint| checkpoint.origin.log == log)
            .ok_or_else(|| {
                Problem::detailed(
                    ProblemKind::Malformed,
                    "This relay has not signed this checkpoint of this log.",
                )
            })
    }

    /// Says of entries that are given back what they are to their log. That they are genuine their root will show.
    fn sort(
        &self,
        log: LogId,
        from: u64,
        entries: Vec<Entry>,
        checkpoint: Checkpoint,
        rest: Vec<Hash>,
    ) -> Result<Given, Problem> {
        if entries.len() > PAGE_ENTRIES_MAX {
            return Err(ProblemKind::TooLarge.into());
        }
        self.rates.take(log, Instant::now()).map_err(too_fast)?;
        let row = self
            .committed
            .row(log)
            .map_err(problem)?
            .ok_or(ProblemKind::NotFound)?;
        let gate = row.record.gate.as_ref();
        let entries = entries.into_iter().map(|entry| {
            let role = gate.map_or(Role::Plain, |gate| Gates::role(gate, &entry.bytes));
            (sha256(&entry.bytes), role, entry)
        });
        Ok(Given {
            log,
            from,
            entries: entries.collect(),
            checkpoint,
            rest,
        })
    }

    async fn standing_after(&self, task: Task) -> Result<Reply, Problem> {
        match self.queue.submit(task).await? {
            Done::Stands(standing) => Ok(Reply::Standing(standing)),
            _ => Err(ProblemKind::Internal.into()),
        }
    }

    fn limits(&self) -> Limits {
        let announced = |limit: usize| u32::try_from(limit).unwrap_or(u32::MAX);
        Limits {
            now: self.clock.read().wall,
            entry_bytes_max: announced(ENTRY_BYTES_MAX),
            blob_bytes_max: announced(BLOB_BYTES_MAX),
            page_bytes_max: announced(PAGE_BYTES_MAX),
            roll_len_max: announced(ROLL_LEN_MAX),
            append_burst: self.settings.append_burst,
            append_every_ms: self.settings.append_every_ms,
            watch_logs_max: announced(WATCH_LOGS_MAX),
            create_needs_token: self.settings.create_token.is_some(),
        }
    }

    async fn piece(
        self: &Arc<Self>,
        piece: Piece,
        token: Option<CreateToken>,
    ) -> Result<(Reply, Option<ProblemKind>), Problem> {
        let (name, call_len) = (piece.exchange.into(), piece.call_len);
        match self.exchanges.take(piece, Instant::now())? {
            Next::Reply(reply) => Ok((Reply::Piece(reply), None)),
            Next::Run(bytes) => {
                let service = Arc::clone(self);
                // In a task of its own: the connection that brought the last piece may freeze while this runs.
                let run = tokio::spawn(async move {
                    let result = match Call::from_pieces(&bytes) {
                        Ok(call) => service.run_call(call, token).await,
                        Err(problem) => Err(problem),
                    };
                    let refused = result.as_ref().err().map(|problem| problem.kind);
                    let reply = encode(&result.unwrap_or_else(Reply::Problem));
                    let reply = service.exchanges.answered(name, call_len, reply, Instant::now());
                    (Reply::Piece(reply), refused)
                });
                run.await.map_err(|_| ProblemKind::Internal.into())
            }
        }
    }

    /// The log's row and the checkpoint over it. The row is durable: it is signed only now. Nothing is signed for a log
    /// of which more was signed than is here.
    pub(crate) fn checkpoint(&self, log: LogId) -> Result<(Arc<Row>, SignedCheckpoint), Problem> {
        let row = self
            .committed
            .row(log)
            .map_err(problem)?
            .ok_or(ProblemKind::NotFound)?;
        if row.doubt.is_some()
            && let Some(problem) = refusal(&self.recovery.standing(&row, self.clock.read().wall))
        {
            return Err(problem);
        }
        let origin = Origin {
            relay: self.identity.relay(),
            log,
        };
        let checkpoint = Checkpoint {
            origin,
            size: row.frontier.size(),
            root: row.frontier.root(),
        };
        let signed = self.identity.sign(&checkpoint);
        Ok((row, signed))
    }

    pub(crate) fn nodes(&self, log: LogId) -> Nodes<'_> {
        Nodes {
            store: self.store.as_ref(),
            log,
        }
    }

    pub(crate) async fn blocking<T: Send + 'static>(
        self: &Arc<Self>,
        work: impl FnOnce(&Self) -> Result<T, Problem> + Send + 'static,
    ) -> Result<T, Problem> {
        let service = Arc::clone(self);
        let done = tokio::task::spawn_blocking(move || work(&service)).await;
        done.map_err(|_| Problem::new(ProblemKind::Internal))?
    }
}

pub(crate) struct Nodes<'a> {
    store: &'a dyn LogStore,
    log: LogId,
}

impl HashReader for Nodes<'_> {
    type Error = StoreFault;

    fn node(&self, level: u8, index: u64) -> Result<Hash, StoreFault> {
        self.store.node(self.log, level, index)
    }
}

/// Compares hashes, so that the time taken says nothing about the token.
fn same_token(needed: &CreateToken, shown: Option<&CreateToken>) -> bool {
    shown.is_some_and(|shown| sha256(shown.as_str().as_bytes()) == sha256(needed.as_str().as_bytes()))
}

/// The problem of asking too fast, with how long to wait.
pub(crate) fn too_fast(wait: Duration) -> Problem {
    let wait_ms = u64::try_from(wait.as_millis()).unwrap_or(u64::MAX).max(1);
    Problem::new(ProblemKind::TooFast).retry_after(wait_ms)
}

impl std::fmt::Debug for Service {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Service(..)")
    }
}
