//! The `triptych` crate on a ring of the same size with as many signatures, for `cargo xtask bench peers`.
//!
//! `peer-triptych RING SIGNATURES REPEATS` prints one line of JSON. Triptych's linking tag is `J` with `rJ = U`: it
//! hides the signer computationally, ours for ever; and nothing is sealed, opened or counted here.

use curve25519_dalek::{RistrettoPoint, Scalar};
use rand_chacha::ChaCha12Rng;
use rand_core::SeedableRng;
use std::error::Error;
use std::sync::Arc;
use std::time::Instant;
use triptych::{
    Transcript, TriptychInputSet, TriptychParameters, TriptychProof, TriptychStatement, TriptychWitness,
};

/// `(ring up to, n, m)`: the fewest points for which the ring is not padded much.
const SHAPES: [(u32, u32, u32); 6] = [
    (36, 6, 2),
    (100, 10, 2),
    (216, 6, 3),
    (1_000, 10, 3),
    (4_096, 8, 4),
    (10_000, 10, 4),
];

fn main() -> Result<(), Box<dyn Error>> {
    let args: Vec<u32> = std::env::args()
        .skip(1)
        .map(|arg| arg.parse())
        .collect::<Result<_, _>>()?;
    let [ring, signatures, repeats] = args.as_slice() else {
        return Err("peer-triptych RING SIGNATURES REPEATS".into());
    };
    let &(_, n, m) = SHAPES
        .iter()
        .find(|(up_to, ..)| ring <= up_to)
        .ok_or("a ring of at most 10000")?;
    measure(*ring, *signatures, *repeats, n, m)
}

fn measure(ring: u32, signatures: u32, repeats: u32, n: u32, m: u32) -> Result<(), Box<dyn Error>> {
    let mut rng = ChaCha12Rng::seed_from_u64(1);
    let params = Arc::new(TriptychParameters::new(n, m)?);
    let witnesses = (0..ring)
        .map(|l| TriptychWitness::new(&params, l, &Scalar::random(&mut rng)))
        .collect::<Result<Vec<_>, _>>()?;
    let keys: Vec<RistrettoPoint> = witnesses.iter().map(TriptychWitness::compute_verification_key).collect();
    let set = Arc::new(TriptychInputSet::new_with_padding(&keys, &params)?);
    let transcript = Transcript::new(b"veche peers");
    let (mut statements, mut encoded) = (Vec::new(), Vec::new());
    for witness in witnesses.iter().cycle().take(signatures as usize) {
        let statement = TriptychStatement::new(&params, &set, &witness.compute_linking_tag())?;
        let proof =
            TriptychProof::prove_with_rng_vartime(witness, &statement, &mut rng, &mut transcript.clone())?;
        encoded.push(proof.to_bytes());
        statements.push(statement);
    }
    let (witness, statement) = (&witnesses[0], &statements[0]);
    let mut prove_ms = Vec::new();
    let mut verify_s = Vec::new();
    for _ in 0..repeats.max(1) {
        let start = Instant::now();
        TriptychProof::prove_with_rng(witness, statement, &mut rng, &mut transcript.clone())?;
        prove_ms.push(start.elapsed().as_secs_f64() * 1e3);
        let start = Instant::now();
        let proofs = encoded
            .iter()
            .map(|bytes| TriptychProof::from_bytes(bytes))
            .collect::<Result<Vec<_>, _>>()?;
        let mut transcripts = vec![transcript.clone(); proofs.len()];
        TriptychProof::verify_batch(&statements, &proofs, &mut transcripts)?;
        verify_s.push(start.elapsed().as_secs_f64());
    }
    println!(
        "{{\"ring\":{ring},\"signatures\":{signatures},\"n\":{n},\"m\":{m},\"proof_bytes\":{},\"prove_ms\":{},\"verify_s\":{}}}",
        // With the linking tag, which a proof does not contain.
        encoded[0].len() + 32,
        least(&prove_ms),
        least(&verify_s),
    );
    Ok(())
}

fn least(figures: &[f64]) -> f64 {
    figures.iter().copied().fold(f64::INFINITY, f64::min)
}
