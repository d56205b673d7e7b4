//! The specification's vectors, read by the product and by the second verifier.

#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a test stops where a step of it fails"
)]

mod product;
mod regenerated;
mod second_verifier;
