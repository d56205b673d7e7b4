//! The frame of a signed note (C2SP signed-note): a text, an empty line, signature lines.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use sha2::{Digest, Sha256};

const MARK: &str = "\u{2014} ";
const SIGNATURES_MAX: usize = 16;

/// `SHA-256(name || 0x0A || type || public key)[..4]`.
pub(crate) fn key_id(name: &str, kind: u8, key: &[u8]) -> [u8; 4] {
    let digest: [u8; 32] = Sha256::new()
        .chain_update(name)
        .chain_update([b'\n', kind])
        .chain_update(key)
        .finalize()
        .into();
    let [a, b, c, d, ..] = digest;
    [a, b, c, d]
}

/// `— <name> <base64(key id || signature)>`, with its line feed.
pub(crate) fn signature_line(name: &str, id: [u8; 4], signature: &[u8]) -> String {
    let mut bytes = id.to_vec();
    bytes.extend_from_slice(signature);
    format!("{MARK}{name} {}\n", STANDARD.encode(bytes))
}

/// The `N` signature bytes of a line, if it is a signature by this key.
pub(crate) fn signature_by<const N: usize>(line: &str, name: &str, id: [u8; 4]) -> Option<[u8; N]> {
    let base64 = line.strip_prefix(MARK)?.strip_prefix(name)?.strip_prefix(' ')?;
    let bytes = STANDARD.decode(base64).ok()?;
    bytes.strip_prefix(&id)?.try_into().ok()
}

/// Divides a note into its text (with the final line feed) and its signature lines; `None` if it is no note.
pub(crate) fn split(note: &str) -> Option<(&str, &str)> {
    let at = note.rfind("\n\n")?;
    let (text, rest) = note.split_at_checked(at.checked_add(1)?)?;
    let signatures = rest.strip_prefix('\n')?;
    let lines = signatures.strip_suffix('\n')?;
    let well_formed = lines.split('\n').all(|line| line.starts_with(MARK));
    (well_formed && lines.split('\n').count() <= SIGNATURES_MAX).then_some((text, signatures))
}
