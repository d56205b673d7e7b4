//! The count of a box while it fills: whatever can be said of a ballot is found out when it comes, and what is kept is
//! bounded by the roll, however many ballots there are.

use ballot::{BALLOT_BYTES_MAX, BallotIn, BatchVerifier, Crew, Event, LinkTag, each};
use core::fmt;
use primitives::canonical::sha256;
use primitives::{Hash, OpeningId, Time};
use rand_core::CryptoRng;
use sealing::SealedChoice;
use std::collections::BTreeSet;
use tlog::{Checkpoint, CloseEntry, Entry, Frontier, Slots, leaf_hash};

use crate::fold::Assembly;
use crate::result::{BallotFinding, Way};
use crate::tally::{CountedBallot, TallyError, ValidBallots};

/// Bytes of ballots that wait for their verdict together: those of the largest roll are judged at two times.
const CHUNK_BYTES_MAX: usize = 32 * 1_024 * 1_024;
/// So many ballots may wait for their verdict on any roll; on a larger one, two for each of its keys.
const CHUNK_BALLOTS_LEAST: usize = 1_024;
/// Ballots that each of the crew's hands decodes and sums up at a time.
const PORTION: usize = 64;
/// Close entries whose tree is remembered, while it is not known which of them is the last.
const CLOSINGS_MAX: usize = 16;

/// A count of the box of one secret vote that goes on.
///
/// Entries are pushed as they come, before or after the box is closed; [`Self::finish`] says what they come to, and the
/// answer does not depend on how they came. Holds the link tags and sealed choices of valid ballots (no more than
/// the roll has keys), the ballots that wait for their verdict (32 MiB at most), and a few bytes for each
/// finding.
pub struct BoxCount {
    event: Event,
    opening: OpeningId,
    closes: Time,
    slots: Option<Slots>,
    vote_len: usize,
    /// Entries under the cosigned checkpoint, if it was there when the count began.
    size: Option<u64>,
    given: u64,
    frontier: Frontier,
    close_entry: Vec<u8>,
    /// Whether the last entry closes the box, and the trees of which that was so.
    is_closed: bool,
    closings: Vec<(u64, Hash)>,
    before: Option<(Time, Hash)>,
    arrived: Vec<(Place, Vec<u8>)>,
    waiting: Waiting,
    tags: BTreeSet<LinkTag>,
    ballots: Vec<(Place, CountedBallot)>,
    findings: Vec<(Place, &'static str)>,
}

/// Where a ballot stands: by which way it came, and its number on that way.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Place {
    way: Way,
    index: u32,
}

/// Ballots that are in the sums and have no verdict yet.
struct Waiting {
    verifier: BatchVerifier,
    sealed: Vec<(Place, SealedChoice)>,
    bytes: usize,
}

impl BoxCount {
    /// Begins the count of the vote `opening`. If its box is closed already, entries beyond the cosigned checkpoint do not
    /// even cost time.
    ///
    /// Cost: decodes the roll.
    ///
    /// # Errors
    /// [`TallyError::Unknown`].
    pub fn new(assembly: &Assembly, opening: OpeningId, crew: &dyn Crew) -> Result<Self, TallyError> {
        let (motion, opening, secret) = assembly.secret_vote_of(opening).ok_or(TallyError::Unknown)?;
        // A motion whose question counts nothing, or whose roll is none, was never taken.
        let vote_len = motion.text.question.vote_len().map_err(|_| TallyError::Unknown)?;
        let event = secret
            .event_by(assembly.id(), opening.id, crew)
            .map_err(|_| TallyError::Unknown)?;
        Ok(Self {
            waiting: Waiting::new(&event),
            event,
            opening: opening.id,
            closes: opening.closes,
            slots: secret.record.slots,
            vote_len,
            size: secret.closed.as_ref().map(|closed| closed.checkpoint.size),
            given: 0,
            frontier: Frontier::new(),
            close_entry: CloseEntry { opening: opening.id }.to_bytes(),
            is_closed: false,
            closings: Vec::new(),
            before: None,
            arrived: Vec::new(),
            tags: BTreeSet::new(),
            ballots: Vec::new(),
            findings: Vec::new(),
        })
    }

    /// The vote that is counted.
    #[must_use]
    pub const fn opening(&self) -> OpeningId {
        self.opening
    }

    /// Entries that were pushed.
    #[must_use]
    pub const fn given(&self) -> u64 {
        self.given
    }

    /// Whether the entries that were pushed are those under `checkpoint`, not one less and not one more.
    #[must_use]
    pub fn is_at(&self, checkpoint: &Checkpoint) -> bool {
        self.given == checkpoint.size && self.frontier.root() == checkpoint.root
    }

    /// Takes the next entries of the box, in order.
    ///
    /// - `weights`: source of the batch verification's weights; never derived from the ballots.
    ///
    /// Cost for each ballot: as [`BatchVerifier::add`]; and when many wait for their verdict, as
    /// [`BatchVerifier::finish`].
    pub fn push(
        &mut self,
        entries: impl IntoIterator<Item = Entry>,
        weights: &mut (impl CryptoRng + ?Sized),
        crew: &dyn Crew,
    ) {
        for entry in entries {
            self.given = self.given.saturating_add(1);
            if self.size.is_some_and(|size| self.frontier.size() >= size) {
                continue;
            }
            self.take(entry);
            self.work(weights, crew, PORTION.saturating_mul(crew.hands()));
        }
    }

    /// Places an entry; what is a candidate waits to be decoded.
    fn take(&mut self, entry: Entry) {
        let Entry { time, bytes } = entry;
        let place = Place {
            way: Way::Box,
            index: u32::try_from(self.frontier.size()).unwrap_or(u32::MAX),
        };
        self.frontier.push(leaf_hash(time, &bytes));
        self.is_closed = time >= self.closes && bytes == self.close_entry;
        if self.is_closed && self.closings.len() < CLOSINGS_MAX {
            self.closings.push((self.frontier.size(), self.frontier.root()));
        }
        if let Some(slots) = self.slots {
            let placed = (time, sha256(&bytes));
            // Those after the close are left to TAL-02.
            if time <= self.closes && !slots.is_place(self.before, placed) {
                self.findings.push((place, "LOG-11"));
            }
            self.before = Some(placed);
        }
        if time > self.closes {
            self.findings.push((place, "TAL-02"));
        } else {
            self.arrive(place, bytes);
        }
    }

    fn arrive(&mut self, place: Place, bytes: Vec<u8>) {
        if bytes.len() > BALLOT_BYTES_MAX {
            // What `BallotIn::decode` would say, without keeping it until then.
            self.findings.push((place, "BAL-01"));
        } else {
            self.arrived.push((place, bytes));
        }
    }

    /// Decodes and sums up what has arrived if it is `portion` ballots, and judges what waits if it is too much.
    fn work(&mut self, weights: &mut (impl CryptoRng + ?Sized), crew: &dyn Crew, portion: usize) {
        if self.arrived.len() < portion.max(1) {
            return;
        }
        let arrived = core::mem::take(&mut self.arrived);
        let vote_len = self.vote_len;
        let decoded = each(crew, &arrived, |(_, bytes)| decode(bytes, vote_len));
        let mut ballots = Vec::with_capacity(arrived.len());
        for ((place, bytes), decoded) in arrived.into_iter().zip(decoded) {
            match decoded {
                Ok((ballot, sealed)) => {
                    ballots.push(ballot);
                    self.waiting.sealed.push((place, sealed));
                    self.waiting.bytes = self.waiting.bytes.saturating_add(bytes.len());
                }
                Err(rule) => self.findings.push((place, rule)),
            }
        }
        self.waiting.verifier.add(ballots, weights, crew);
        let ballots_max = CHUNK_BALLOTS_LEAST.max(self.event.roll().len().saturating_mul(2));
        if self.waiting.bytes >= CHUNK_BYTES_MAX || self.waiting.sealed.len() >= ballots_max {
            self.judge(weights, crew);
        }
    }

    /// Gives those that wait their verdict. Of equal tags the first one's ballot counts.
    fn judge(&mut self, weights: &mut (impl CryptoRng + ?Sized), crew: &dyn Crew) {
        let waiting = core::mem::replace(&mut self.waiting, Waiting::new(&self.event));
        let verdicts = waiting.verifier.finish(weights, crew);
        for ((place, sealed), verdict) in waiting.sealed.into_iter().zip(verdicts) {
            match verdict {
                Ok(ballot) if self.tags.insert(ballot.tag()) => {
                    let tag = ballot.tag();
                    self.ballots.push((place, CountedBallot { tag, sealed }));
                }
                Ok(_) => self.findings.push((place, "TAL-01")),
                Err(error) => self.findings.push((place, error.rule())),
            }
        }
    }

    /// Checks the box against the cosigned checkpoint, judges what is left and what came through the journal, and applies the
    /// floor. A trustee does this before it releases its share.
    ///
    /// - `assembly`: the fold, now that it knows the closed box.
    ///
    /// Cost: as [`BatchVerifier::finish`], and what the forwarded ballots cost.
    ///
    /// # Errors
    /// [`TallyError`]; [`TallyError::BelowFloor`] means that no share may be released.
    pub fn finish(
        mut self,
        assembly: &Assembly,
        weights: &mut (impl CryptoRng + ?Sized),
        crew: &dyn Crew,
    ) -> Result<ValidBallots, TallyError> {
        let (_, _, secret) = assembly.secret_vote_of(self.opening).ok_or(TallyError::Unknown)?;
        let checkpoint = &secret.closed.as_ref().ok_or(TallyError::NotDecided)?.checkpoint;
        let in_box = self.ballots_under(checkpoint)?;
        self.work(weights, crew, 1);
        self.judge(weights, crew);
        self.leave_out_from(in_box);
        for (index, forwarded) in (0u32..).zip(&secret.forwarded) {
            let way = Way::Journal;
            self.arrive(Place { way, index }, forwarded.ballot.clone());
            self.work(weights, crew, PORTION.saturating_mul(crew.hands()));
        }
        self.work(weights, crew, 1);
        self.judge(weights, crew);
        // LOG-11 is found before anything else of a ballot, and stays before it.
        self.findings
            .sort_by_key(|(place, _)| (place.way == Way::Journal, place.index));
        let (ballots, floor) = (self.ballots.len(), assembly.charter().ballots_floor);
        let ballots = u32::try_from(ballots).unwrap_or(u32::MAX);
        if ballots < floor {
            return Err(TallyError::BelowFloor { ballots, floor });
        }
        let finding = |(Place { way, index }, rule): (Place, &str)| BallotFinding {
            way,
            index,
            rule: rule.to_owned(),
        };
        Ok(ValidBallots {
            opening: self.opening,
            ballots: self.ballots.into_iter().map(|(_, ballot)| ballot).collect(),
            findings: self.findings.into_iter().map(finding).collect(),
        })
    }

    /// How many entries stand before the close entry, if the box is what the witnesses cosigned.
    fn ballots_under(&self, checkpoint: &Checkpoint) -> Result<u32, TallyError> {
        let size = checkpoint.size;
        let (root, is_closed) = if size == self.frontier.size() {
            (self.frontier.root(), self.is_closed)
        } else if size > self.frontier.size() {
            return Err(TallyError::OtherBox);
        } else {
            let known = self.closings.iter().find(|(closing, _)| *closing == size);
            (known.ok_or(TallyError::Recount)?.1, true)
        };
        if root != checkpoint.root {
            return Err(TallyError::OtherBox);
        }
        match size.checked_sub(1) {
            Some(ballots) if is_closed => Ok(u32::try_from(ballots).unwrap_or(u32::MAX)),
            _ => Err(TallyError::NotClosed),
        }
    }

    /// Forgets everything that was found out about entries from this index on.
    fn leave_out_from(&mut self, index: u32) {
        self.findings.retain(|(place, _)| place.index < index);
        let tags = &mut self.tags;
        self.ballots.retain(|(place, ballot)| {
            let counts = place.index < index;
            if !counts {
                tags.remove(&ballot.tag);
            }
            counts
        });
    }
}

impl fmt::Debug for BoxCount {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "BoxCount({}, {} entries)", self.opening.short(), self.given)
    }
}

impl Waiting {
    fn new(event: &Event) -> Self {
        Self {
            verifier: BatchVerifier::new(event.clone()),
            sealed: Vec::new(),
            bytes: 0,
        }
    }
}

fn decode(bytes: &[u8], vote_len: usize) -> Result<(BallotIn, SealedChoice), &'static str> {
    let ballot = BallotIn::decode(bytes).map_err(|error| error.rule())?;
    let sealed = SealedChoice::decode(ballot.sealed(), vote_len).map_err(|error| error.rule())?;
    Ok((ballot, sealed))
}
