//! An election: as many members as ballots, each ballot made by its own key, one question with three answers.

use crate::Outcome;
use crate::threads::Threads;
use assembly::Choice;
use ballot::{BallotSecret, Dealer, Event, Roll, VERSION};
use primitives::{AssemblyId, OpeningId};
use rand_chacha::ChaCha20Rng;
use rand_chacha::rand_core::SeedableRng;
use sealing::{OpeningSecret, SealContext, SealingKey, seal};
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// The vote.
pub(crate) const OPENING: OpeningId = OpeningId::new([2; 32]);

/// What everybody knows before the first ballot, and the members' secrets.
pub(crate) struct Election {
    pub(crate) event: Event,
    pub(crate) secrets: Vec<BallotSecret>,
    pub(crate) opening: OpeningSecret,
    sealing: SealingKey,
}

/// A generator for one purpose; the same for every run, so that ballots can be kept between runs.
pub(crate) fn rng(purpose: usize) -> ChaCha20Rng {
    ChaCha20Rng::seed_from_u64(purpose as u64)
}

impl Election {
    pub(crate) fn new(members: usize) -> Outcome<Self> {
        let opening = OpeningSecret::from_bytes(&[5; 32]).ok_or("no secret")?;
        let sealing = SealingKey::from_bytes(opening.key_bytes())?;
        let mut rng = rng(members);
        let mut secrets: Vec<_> = (0..members).map(|_| BallotSecret::random(&mut rng)).collect();
        secrets.sort_by_cached_key(BallotSecret::public);
        let roll = Roll::new(secrets.iter().map(BallotSecret::public).collect())?;
        let event = Event::ballot(
            AssemblyId::new([1; 32]),
            OPENING,
            Arc::new(roll),
            *sealing.as_bytes(),
        );
        Ok(Self {
            event,
            secrets,
            opening,
            sealing,
        })
    }

    /// What a sealed choice of this vote belongs to.
    pub(crate) fn context(&self, tag: [u8; 32]) -> SealContext {
        SealContext {
            opening: OPENING,
            roll_root: self.event.roll().root(),
            tag,
        }
    }

    /// The sealed choice of the member at `place`.
    pub(crate) fn sealed(&self, place: usize, rng: &mut ChaCha20Rng) -> Option<Vec<u8>> {
        let choices = [Choice::For, Choice::Against, Choice::Abstain];
        let choice = choices.get(place % choices.len())?;
        let tag = self.event.tag(self.secrets.get(place)?);
        let context = self.context(*tag.as_bytes());
        Some(seal(&self.sealing, &context, &choice.to_plaintext(), rng))
    }
}

fn path(members: usize, folder: &Path) -> PathBuf {
    folder.join(format!("ballots-v{VERSION}-{members}"))
}

/// Makes the ballots of an election of `members`, unless they are there from an earlier run.
pub(crate) fn make(members: usize, folder: &Path) -> Outcome<()> {
    let election = Election::new(members)?;
    if let Ok(ballots) = read(members, folder) {
        let length = election.event.roll().params().proof_len();
        if ballots.len() == members
            && ballots
                .iter()
                .all(|ballot| ballot.len() > length && ballot.len() < length + 128)
        {
            return Ok(());
        }
    }
    let dealer = Dealer::new(&election.event, &election.secrets)?;
    let threads = Threads(std::thread::available_parallelism().map_or(1, usize::from));
    let places: Vec<usize> = (0..members).collect();
    let ballots = threads.map(&places, |place| {
        let mut rng = rng(members + place);
        let sealed = election.sealed(*place, &mut rng)?;
        let ballot = dealer.prove(*place, &sealed, &mut rng).ok()?;
        Some(ballot.encode())
    });
    let mut bytes = Vec::new();
    for ballot in ballots {
        let ballot = ballot.ok_or("a ballot could not be made")?;
        bytes.extend_from_slice(&u32::try_from(ballot.len())?.to_le_bytes());
        bytes.extend_from_slice(&ballot);
    }
    fs::create_dir_all(folder)?;
    Ok(fs::write(path(members, folder), bytes)?)
}

/// The ballots that [`make`] made.
pub(crate) fn read(members: usize, folder: &Path) -> Outcome<Vec<Vec<u8>>> {
    let bytes = fs::read(path(members, folder))?;
    let mut rest = bytes.as_slice();
    let mut ballots = Vec::with_capacity(members);
    while let Some((length, more)) = rest.split_first_chunk::<4>() {
        let length = usize::try_from(u32::from_le_bytes(*length))?;
        let (ballot, more) = more.split_at_checked(length).ok_or("a ballot is cut short")?;
        ballots.push(ballot.to_vec());
        rest = more;
    }
    Ok(ballots)
}
