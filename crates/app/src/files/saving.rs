//! A file is written to the disk for a person: new, private, durable, whole or not at all; a chunk at a time.

use crate::dto::{Answer, Refusal};
use crate::export;
use crate::work::Reply;
use client::KeptFile;
use std::fs::{self, File};
use std::io::Write as _;
use std::path::PathBuf;

/// A file that is being saved.
pub(crate) struct Saving {
    pub(crate) kept: KeptFile,
    path: PathBuf,
    file: Option<File>,
    pub(crate) next: u32,
    reply: Option<Asked>,
}

type Asked = Reply<Result<Answer, Refusal>>;

impl Saving {
    /// Creates the file; there must be nothing of that name, nor a link.
    pub(crate) fn begin(kept: KeptFile, path: PathBuf, reply: Asked) -> Result<Self, (Refusal, Asked)> {
        match export::create(&path) {
            Ok(file) => Ok(Self {
                kept,
                path,
                file: Some(file),
                next: 0,
                reply: Some(reply),
            }),
            Err(error) => Err((export::cannot_write(&path, &error), reply)),
        }
    }

    /// Writes the next chunk.
    pub(crate) fn write(&mut self, bytes: &[u8]) -> Result<(), Refusal> {
        self.next = self.next.saturating_add(1);
        match self.file.as_mut().map(|file| file.write_all(bytes)) {
            Some(Err(error)) => Err(export::cannot_write(&self.path, &error)),
            _ => Ok(()),
        }
    }

    /// All of it is written.
    pub(crate) fn end(mut self) {
        let synced = self.file.as_ref().map(|file| export::settle(file, &self.path));
        match synced {
            Some(Err(error)) => {
                let refusal = export::cannot_write(&self.path, &error);
                self.fail(refusal);
            }
            _ => {
                self.file = None;
                let (path, bytes) = (self.path.display().to_string(), self.kept.bytes());
                self.answer(Ok(Answer::Exported { path, bytes }));
            }
        }
    }

    /// It cannot be written whole: nothing of it stays.
    pub(crate) fn fail(mut self, refusal: Refusal) {
        self.remove();
        self.answer(Err(refusal));
    }

    /// Half a file helps nobody; that it may stay is said by the refusal.
    fn remove(&mut self) {
        if self.file.take().is_some() {
            let _ = fs::remove_file(&self.path);
        }
    }

    fn answer(&mut self, answer: Result<Answer, Refusal>) {
        if let Some(reply) = self.reply.take() {
            // Whoever asked may have gone.
            let _ = reply.send(answer);
        }
    }
}

impl Drop for Saving {
    fn drop(&mut self) {
        // Also when the vault was locked meanwhile.
        self.remove();
    }
}
