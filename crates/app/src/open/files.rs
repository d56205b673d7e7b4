//! Files of an open vault: copied in, saved and shown a chunk at a time, so that other work goes on between.

use super::{Open, now};
use crate::dto::{Answer, Refusal};
use crate::files::{Attach, Copying, Prepared, Saving, cannot_read, picture_url, prepare};
use crate::work::{Reply, Report};
use client::effects::Effect;
use client::{Attached, Attaching, CHUNK_BYTES, KeptFile};
use getrandom::SysRng;
use rand_core::UnwrapErr;
use std::path::{Path, PathBuf};
use tokio::sync::Semaphore;
use tokio::task::spawn_blocking;
use zeroize::Zeroizing;

/// Who may decode a picture of somebody else's now.
static DECODING: Semaphore = Semaphore::const_new(1);

type Asked = Reply<Result<Answer, Refusal>>;

impl Open {
    /// Opens the file that somebody attaches, where nobody waits; it comes back as a report.
    pub(crate) fn attach(&mut self, attach: Attach, reply: Asked) {
        let reports = self.reports.clone();
        self.lines.spawn(async move {
            let path = attach.path.clone();
            let prepared = spawn_blocking(move || prepare(Path::new(&path))).await;
            let prepared = prepared.unwrap_or_else(|_| Err(cannot_read("the file cannot be read")));
            let attach = Box::new(attach);
            reports.put(Report::Prepared {
                attach,
                prepared,
                reply,
            });
        });
    }

    /// Begins to copy a file in.
    pub(crate) fn copy(&mut self, attach: Attach, prepared: Result<Prepared, Refusal>, reply: Asked) {
        let begun = prepared.and_then(|prepared| {
            let attaching = Attaching {
                conversation: attach.conversation,
                name: prepared.name,
                picture: prepared.picture,
                text: attach.text,
                reply_to: attach.reply_to,
            };
            let begun = self.client.attach(now(), &mut UnwrapErr(SysRng), attaching);
            Ok((self.done(begun)?, prepared.source))
        });
        match begun {
            Ok((attached, source)) => self.copy_on(Box::new(Copying {
                attached,
                source,
                reply,
            })),
            // Whoever asked may have gone.
            Err(refusal) => drop(reply.send(Err(refusal))),
        }
    }

    /// Copies the next chunk in.
    pub(crate) fn copy_on(&mut self, mut copying: Box<Copying>) {
        let attached = copying.attached;
        let copied = copying.next().and_then(|bytes| {
            let bytes = Zeroizing::new(bytes);
            let copied = self
                .client
                .attach_bytes(now(), &mut UnwrapErr(SysRng), attached, &bytes);
            self.done(copied).map(|()| bytes.len())
        });
        match copied {
            Ok(len) if len == CHUNK_BYTES => self.reports.put(Report::Copying(copying)),
            Ok(_) => {
                let ended = self.client.attach_end(now(), &mut UnwrapErr(SysRng), attached);
                let answer = self.done(ended);
                if answer.is_err() {
                    self.drop_copy(attached);
                }
                let _ = copying.reply.send(answer);
            }
            Err(refusal) => {
                self.drop_copy(attached);
                let _ = copying.reply.send(Err(refusal));
            }
        }
    }

    fn drop_copy(&mut self, attached: Attached) {
        let dropped = self.client.attach_drop(now(), &mut UnwrapErr(SysRng), attached);
        // What cannot be dropped now is dropped when the vault is next opened.
        let _ = self.done(dropped);
    }

    fn done<T>(&mut self, (result, effects): (Result<T, Refusal>, Vec<Effect>)) -> Result<T, Refusal> {
        self.carry_out(effects);
        result
    }

    fn kept(&self, conversation: Option<&str>, message: &str) -> Result<KeptFile, Refusal> {
        self.client
            .file(now(), &mut UnwrapErr(SysRng), conversation, message)
    }

    /// Begins to write a file to the disk.
    pub(crate) fn save_file(
        &mut self,
        conversation: Option<&str>,
        message: &str,
        path: PathBuf,
        reply: Asked,
    ) {
        let begun = match self.kept(conversation, message) {
            Ok(kept) => Saving::begin(kept, path, reply),
            Err(refusal) => Err((refusal, reply)),
        };
        match begun {
            Ok(saving) => self.save_on(Box::new(saving)),
            Err((refusal, reply)) => drop(reply.send(Err(refusal))),
        }
    }

    /// Writes the next chunk.
    pub(crate) fn save_on(&mut self, mut saving: Box<Saving>) {
        if saving.next >= saving.kept.chunks() {
            return saving.end();
        }
        let bytes = self.client.file_chunk(&saving.kept, saving.next);
        match bytes.and_then(|bytes| saving.write(&bytes)) {
            Ok(()) => self.reports.put(Report::Saving(saving)),
            Err(refusal) => saving.fail(refusal),
        }
    }

    /// Decodes a picture that is here, where nobody waits.
    pub(crate) fn picture(&mut self, conversation: Option<&str>, message: &str, reply: Asked) {
        let bytes = self.kept(conversation, message).and_then(|kept| {
            if !kept.is_picture() {
                return Err(cannot_read("the file is no picture; save it to open it"));
            }
            let mut bytes = Zeroizing::new(Vec::new());
            for index in 0..kept.chunks() {
                bytes.extend_from_slice(&self.client.file_chunk(&kept, index)?);
            }
            Ok(bytes)
        });
        let bytes = match bytes {
            Ok(bytes) => bytes,
            Err(refusal) => return drop(reply.send(Err(refusal))),
        };
        self.lines.spawn(async move {
            // One at a time: each may take hundreds of megabytes for a moment.
            let turn = DECODING.acquire().await;
            let url = spawn_blocking(move || picture_url(&bytes)).await.ok().flatten();
            drop(turn);
            let answer = url.map(|data| Answer::Picture { data });
            let answer = answer.ok_or_else(|| {
                cannot_read("the picture cannot be decoded within the limits; save it to open it with another program")
            });
            let _ = reply.send(answer);
        });
    }
}
