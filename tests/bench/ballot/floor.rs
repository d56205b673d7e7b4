//! What no audit can do without: the points decompressed, the transcripts hashed, one multiscalar multiplication of
//! the batch's size, one scalar multiplication to open each ballot. Same curve library, same back end, same run.

use crate::Outcome;
use crate::clock::{Clock, Lap};
use crate::election::{Election, rng};
use crate::threads::Threads;
use ballot::{BallotIn, Crew};
use curve25519_dalek::ristretto::{CompressedRistretto, RistrettoPoint};
use curve25519_dalek::scalar::Scalar;
use curve25519_dalek::traits::VartimeMultiscalarMul;
use rand_chacha::rand_core::Rng;
use sha2::{Digest, Sha256, Sha512};
use std::hint::black_box;

/// The floor's inputs, ready before it is measured.
pub(crate) struct Floor {
    /// Every point of every ballot (its proof's, T and R), and the roll's.
    points: Vec<CompressedRistretto>,
    /// As many random scalars as the batch's multiplication has.
    scalars: Vec<Scalar>,
    /// For each ballot as many bytes as its challenge hashes.
    transcripts: Vec<Vec<u8>>,
    sealed: Vec<Vec<u8>>,
    /// R of each ballot.
    opened: Vec<RistrettoPoint>,
}

/// Bytes that a challenge hashes besides the proof's points: label, ids, root, sizes, digest, Y, E, T, hash of the seal.
const STATEMENT: usize = 27 + 8 + 1 + 8 * 34 + 12;

/// What the floor took.
pub(crate) struct FloorTime {
    /// With one multiscalar multiplication for each thread.
    pub(crate) whole: Lap,
    /// With that in pieces that fit the cache, as the product does it: a stricter floor on most machines.
    pub(crate) in_pieces: Lap,
}

/// Points of a piece.
const PIECE: usize = 2_048;

impl Floor {
    pub(crate) fn of(election: &Election, keys: &[[u8; 32]], ballots: &[Vec<u8>]) -> Outcome<Self> {
        let params = election.event.roll().params();
        let mut floor = Self {
            points: keys.iter().map(|key| CompressedRistretto(*key)).collect(),
            scalars: Vec::new(),
            transcripts: Vec::new(),
            sealed: Vec::new(),
            opened: Vec::new(),
        };
        for bytes in ballots {
            let ballot = BallotIn::decode(bytes)?;
            let (r, _) = ballot.sealed().split_first_chunk::<32>().ok_or("no R")?;
            // The proof stands at the ballot's end, its points first.
            let proof = bytes.len().checked_sub(params.proof_len()).ok_or("no proof")?;
            let (points, _) = bytes.get(proof..).unwrap_or_default().as_chunks::<32>();
            let points = points.get(..params.points()).ok_or("no points")?;
            floor
                .points
                .extend(points.iter().map(|point| CompressedRistretto(*point)));
            floor.points.extend([
                CompressedRistretto(*ballot.tag().as_bytes()),
                CompressedRistretto(*r),
            ]);
            floor.transcripts.push(vec![0; STATEMENT + 34 * params.points()]);
            floor.sealed.push(ballot.sealed().to_vec());
            floor
                .opened
                .push(CompressedRistretto(*r).decompress().ok_or("R is no point")?);
        }
        // The batch multiplies all of these but R, and the generators.
        let size = floor.points.len() - ballots.len() + 2 * params.cells() + 4;
        let mut rng = rng(size);
        floor.scalars = (0..size)
            .map(|_| {
                let mut wide = [0; 64];
                rng.fill_bytes(&mut wide);
                Scalar::from_bytes_mod_order_wide(&wide)
            })
            .collect();
        Ok(floor)
    }

    /// Does all of it once, each thread its share.
    pub(crate) fn measure(&self, threads: Threads) -> FloorTime {
        let mut clock = Clock::start();
        let points = threads.map(&self.points, CompressedRistretto::decompress);
        let points: Vec<RistrettoPoint> = points.into_iter().flatten().collect();
        black_box(threads.map(&self.transcripts, |bytes| Sha512::digest(bytes)));
        black_box(threads.map(&self.sealed, |bytes| Sha256::digest(bytes)));
        let secret = self.scalars.first().copied().unwrap_or_default();
        black_box(threads.map(&self.opened, |point| secret * point));
        let rest = clock.lap();
        let multiply = |len: usize| {
            let pieces: Vec<&[Scalar]> = self.scalars.chunks(len).collect();
            black_box(threads.map(&pieces, |scalars| {
                RistrettoPoint::vartime_multiscalar_mul(*scalars, points.iter().take(scalars.len()))
            }));
        };
        multiply(self.scalars.len().div_ceil(threads.hands()));
        let one = clock.lap();
        multiply(PIECE);
        let pieces = clock.lap();
        FloorTime {
            whole: rest.and(one),
            in_pieces: rest.and(pieces),
        }
    }
}
