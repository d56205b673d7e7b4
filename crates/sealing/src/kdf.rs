//! HKDF-SHA-512 into 32 bytes, and the AEAD under a key that is used once.

use chacha20poly1305::aead::{Aead, KeyInit, Payload};
use chacha20poly1305::{ChaCha20Poly1305, Key, Nonce};
use hkdf::Hkdf;
use sha2::Sha512;
use zeroize::Zeroizing;

/// Bytes that the AEAD adds.
pub(crate) const TAG_LEN: usize = 16;

/// `HKDF-SHA-512(ikm; salt; info)`, 32 bytes.
#[expect(
    clippy::expect_used,
    reason = "HKDF-SHA-512 refuses only more than 16,320 bytes"
)]
pub(crate) fn derive(ikm: &[u8], salt: &[u8], info: &[u8]) -> Zeroizing<[u8; 32]> {
    let mut key = Zeroizing::new([0; 32]);
    Hkdf::<Sha512>::new(Some(salt), ikm)
        .expand(info, key.as_mut_slice())
        .expect("32 bytes are few enough");
    key
}

/// ChaCha20-Poly1305 with nonce zero. `key` is derived for this one plaintext.
#[expect(clippy::expect_used, reason = "the cipher refuses only plaintexts of 256 GiB")]
pub(crate) fn encrypt(key: &[u8; 32], plaintext: &[u8], associated: &[u8]) -> Vec<u8> {
    ChaCha20Poly1305::new(&Key::from(*key))
        .encrypt(
            &Nonce::default(),
            Payload {
                msg: plaintext,
                aad: associated,
            },
        )
        .expect("the plaintext is short")
}

/// The inverse; `None` if it was not encrypted under this key with this associated data.
pub(crate) fn decrypt(key: &[u8; 32], ciphertext: &[u8], associated: &[u8]) -> Option<Zeroizing<Vec<u8>>> {
    ChaCha20Poly1305::new(&Key::from(*key))
        .decrypt(
            &Nonce::default(),
            Payload {
                msg: ciphertext,
                aad: associated,
            },
        )
        .ok()
        .map(Zeroizing::new)
}
