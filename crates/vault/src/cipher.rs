//! Sealing and deriving: the vault's few uses of cryptography, each in one place.

use chacha20poly1305::aead::{Aead, KeyInit, Payload};
use chacha20poly1305::{XChaCha20Poly1305, XNonce};
use getrandom::SysRng;
use hkdf::Hkdf;
use hmac::{Hmac, Mac};
use primitives::{Label, Secret, StoreError};
use rand_core::TryRng as _;
use sha2::Sha256;
use zeroize::Zeroizing;

/// Bytes of a key.
pub(crate) const KEY_LEN: usize = 32;
/// Bytes that sealing adds: a nonce in front, a tag behind.
pub(crate) const OVERHEAD: usize = NONCE_LEN + 16;
const NONCE_LEN: usize = 24;

/// A key of the vault.
pub(crate) type Key = Secret<KEY_LEN>;

/// Fresh bytes from the operating system, which is where this crate's randomness comes from.
pub(crate) fn random<const N: usize>() -> Result<[u8; N], StoreError> {
    let mut bytes = [0; N];
    SysRng
        .try_fill_bytes(&mut bytes)
        .map_err(|error| StoreError::Environment(format!("no randomness: {error}")))?;
    Ok(bytes)
}

/// A fresh key.
pub(crate) fn fresh_key() -> Result<Key, StoreError> {
    Ok(Key::take(&mut random()?))
}

/// The key that `secret` gives for `label` and `context`: HKDF-SHA256 without salt, info = label then context.
pub(crate) fn derive(secret: &Key, label: Label, context: &[u8]) -> Key {
    let mut key = [0; KEY_LEN];
    // HKDF refuses only outputs longer than 255 hashes.
    let _ =
        Hkdf::<Sha256>::new(None, secret.expose()).expand_multi_info(&[label.as_bytes(), context], &mut key);
    Key::take(&mut key)
}

/// Seals `plain` (XChaCha20-Poly1305 under a random nonce): `nonce || ciphertext || tag`.
pub(crate) fn seal(key: &Key, aad: &[u8], plain: &[u8]) -> Result<Vec<u8>, StoreError> {
    let nonce: [u8; NONCE_LEN] = random()?;
    let sealed = XChaCha20Poly1305::new(key.expose().into())
        .encrypt(&XNonce::from(nonce), Payload { msg: plain, aad })
        .map_err(|_| StoreError::Misuse("too long to seal"))?;
    Ok([nonce.as_slice(), &sealed].concat())
}

/// Opens what [`seal`] made; `None` for everything else.
pub(crate) fn unseal(key: &Key, aad: &[u8], sealed: &[u8]) -> Option<Zeroizing<Vec<u8>>> {
    let (nonce, msg) = sealed.split_first_chunk::<NONCE_LEN>()?;
    XChaCha20Poly1305::new(key.expose().into())
        .decrypt(&XNonce::from(*nonce), Payload { msg, aad })
        .ok()
        .map(Zeroizing::new)
}

/// HMAC-SHA256 of `bytes`.
pub(crate) fn keyed_hash(key: &Key, bytes: &[u8]) -> [u8; 32] {
    // HMAC takes keys of any length.
    <Hmac<Sha256> as hmac::KeyInit>::new_from_slice(key.expose())
        .map(|mac| mac.chain_update(bytes).finalize().into_bytes().into())
        .unwrap_or_default()
}
