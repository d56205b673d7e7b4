//! Safety numbers: what two members read out to each other to know that their devices hold the same keys for them.
//!
//! ```text
//! half   = the first 30 bytes of hash (MEMBER_SAFETY, [assembly, identity key]), five at a time as a big-endian number
//!          modulo 100,000, each as five decimal digits
//! number = the two members' halves, the smaller one first
//! ```

use crate::commands::{bad, no_assembly, unknown};
use crate::machine::Failed;
use crate::requests::{Answer, Topic};
use crate::step::{Step, StepError};
use crate::tables;
use primitives::canonical::{decode_canonical, encode, hash};
use primitives::store::Value;
use primitives::{AssemblyId, SeatNumber, Time, VerifyingKey, labels};
use qrcode::QrCode;
use qrcode::render::svg;

/// Digits of one member's half.
const HALF_CHUNKS: usize = 6;

/// The number of two members of an assembly: 60 digits, the same on both sides.
fn safety_number(assembly: AssemblyId, one: &VerifyingKey, other: &VerifyingKey) -> String {
    let mut halves = [one, other].map(|identity| half(assembly, identity));
    halves.sort_unstable();
    halves.concat()
}

fn half(assembly: AssemblyId, identity: &VerifyingKey) -> String {
    let digest = hash(labels::MEMBER_SAFETY, &(assembly, *identity));
    let chunks = digest.as_bytes().chunks_exact(5).take(HALF_CHUNKS);
    let number = |chunk: &[u8]| {
        chunk
            .iter()
            .fold(0u64, |number, byte| (number << 8) | u64::from(*byte))
    };
    chunks
        .map(|chunk| format!("{:05}", number(chunk) % 100_000))
        .collect()
}

/// A text as a QR code: an SVG image, black on white.
pub(crate) fn qr_of(text: &str) -> Result<String, StepError> {
    let code = QrCode::new(text.as_bytes()).map_err(|_| StepError::Internal("too long for a QR code"))?;
    Ok(code.render::<svg::Color<'_>>().min_dimensions(200, 200).build())
}

impl Step<'_> {
    /// The safety number with a member, and when its user said that it had been compared.
    pub(crate) fn safety_number(&self, seat: SeatNumber) -> Result<Answer, Failed> {
        let identity = self.other_identity(seat)?;
        let assembly = self.state.member.as_ref().ok_or_else(no_assembly)?.assembly;
        let digits = safety_number(assembly, &self.identity()?, &identity);
        Ok(Answer::SafetyNumber {
            qr: qr_of(&digits)?,
            digits,
            verified: self.verified_at(&identity)?.map(|at| at.0),
        })
    }

    /// Notes that the numbers have been compared, or that they are to be compared anew.
    pub(crate) fn mark_verified(&mut self, seat: SeatNumber, verified: bool) -> Result<Answer, Failed> {
        let identity = self.other_identity(seat)?;
        if verified {
            let (key, now) = (*identity.as_bytes(), self.now);
            self.store.put(tables::COMPARED, key, encode(&now));
        } else {
            self.store.delete(tables::COMPARED, *identity.as_bytes());
        }
        self.touch(Topic::Members);
        Ok(Answer::Done)
    }

    /// When its user said that the number with this member is the same on both sides.
    pub(crate) fn verified_at(&self, identity: &VerifyingKey) -> Result<Option<Time>, StepError> {
        let value = self.store.get(tables::COMPARED, identity.as_bytes())?;
        let read = |value: Value| decode_canonical(&value).map_err(|_| StepError::Record(tables::COMPARED.0));
        value.map(read).transpose()
    }

    fn other_identity(&self, seat: SeatNumber) -> Result<VerifyingKey, Failed> {
        let fold = self.state.assembly.as_ref().ok_or_else(no_assembly)?;
        let found = fold.seats().find(|known| known.number == seat);
        let identity = found.ok_or_else(|| unknown("seat"))?.identity;
        if identity == self.identity()? {
            return Err(bad("a safety number is compared with somebody else").into());
        }
        Ok(identity)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use primitives::{Secret, SigningSecret};

    fn key(seed: u8) -> VerifyingKey {
        SigningSecret::from_seed(&Secret::take(&mut [seed; 32])).verifying_key()
    }

    #[test]
    fn both_sides_read_the_same_sixty_digits() {
        let assembly = AssemblyId::new([1; 32]);
        let number = safety_number(assembly, &key(1), &key(2));
        assert_eq!(number.len(), 60);
        assert!(number.bytes().all(|digit| digit.is_ascii_digit()));
        assert_eq!(number, safety_number(assembly, &key(2), &key(1)));
    }

    #[test]
    fn another_key_or_assembly_has_another_number() {
        let (assembly, other) = (AssemblyId::new([1; 32]), AssemblyId::new([2; 32]));
        let number = safety_number(assembly, &key(1), &key(2));
        assert_ne!(number, safety_number(assembly, &key(1), &key(3)));
        assert_ne!(number, safety_number(other, &key(1), &key(2)));
        // Each half is the member's own, wherever it stands.
        let with_third = safety_number(assembly, &key(1), &key(3));
        let halves = |number: &str| [number[..30].to_owned(), number[30..].to_owned()];
        let common: Vec<_> = halves(&number)
            .into_iter()
            .filter(|half| halves(&with_third).contains(half))
            .collect();
        assert_eq!(common, [half(assembly, &key(1))]);
    }
}
