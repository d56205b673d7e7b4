//! Files that go with messages, at the edge that has a disk: read, cleaned if they are pictures, saved, shown.

mod attaching;
mod pictures;
mod saving;
mod shown;

pub(crate) use attaching::{Attach, Copying, Prepared, prepare};
pub(crate) use pictures::picture_url;
pub(crate) use saving::Saving;
pub(crate) use shown::Thumbnails;

use crate::dto::{Refusal, RefusalCode};
use std::panic::{AssertUnwindSafe, catch_unwind};

pub(crate) fn cannot_read(details: &str) -> Refusal {
    Refusal::new(RefusalCode::CannotRead, details)
}

pub(crate) fn too_large(details: &str) -> Refusal {
    Refusal::new(RefusalCode::TooLarge, details)
}

/// What a decoder makes of bytes that somebody else chose; a defect of its own counts as nothing.
fn unharmed<T>(decode: impl FnOnce() -> Option<T>) -> Option<T> {
    catch_unwind(AssertUnwindSafe(decode)).ok().flatten()
}
