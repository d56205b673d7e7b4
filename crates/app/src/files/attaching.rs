//! A file is read from the disk and copied into the vault, a chunk at a time, between other work.

use super::pictures::{cleaned, format_of};
use super::{cannot_read, too_large};
use crate::dto::{Answer, Refusal};
use crate::work::Reply;
use client::{ATTACHMENT_BYTES_MAX, Attached, CHUNK_BYTES, Picture};
use std::fs::{self, File};
use std::io::{self, Cursor, Read};
use std::path::Path;

/// By so many bytes a format is known.
const HEAD: u64 = 32;

/// What a person asked for.
pub(crate) struct Attach {
    pub(crate) conversation: Option<String>,
    pub(crate) path: String,
    pub(crate) text: String,
    pub(crate) reply_to: Option<String>,
}

/// A file ready to be copied in.
pub(crate) struct Prepared {
    pub(crate) name: String,
    pub(crate) picture: Option<Picture>,
    pub(crate) source: Box<dyn Read + Send>,
}

/// A file that is being copied in.
pub(crate) struct Copying {
    pub(crate) attached: Attached,
    pub(crate) source: Box<dyn Read + Send>,
    pub(crate) reply: Reply<Result<Answer, Refusal>>,
}

impl Copying {
    /// The next bytes; fewer than a chunk at the end.
    pub(crate) fn next(&mut self) -> Result<Vec<u8>, Refusal> {
        let mut bytes = Vec::with_capacity(CHUNK_BYTES);
        let chunk = u64::try_from(CHUNK_BYTES).unwrap_or(u64::MAX);
        let read = (&mut self.source).take(chunk).read_to_end(&mut bytes);
        read.map_err(|error| cannot_read(&format!("the file cannot be read to its end ({error})")))?;
        Ok(bytes)
    }
}

/// Opens a file; a picture is decoded and encoded again. May take seconds for large pictures; run it where nobody waits.
pub(crate) fn prepare(path: &Path) -> Result<Prepared, Refusal> {
    let name = path
        .file_name()
        .unwrap_or_default()
        .to_string_lossy()
        .into_owned();
    let opened = open(path).map_err(|error| {
        cannot_read(&format!(
            "{} cannot be read ({error}); choose another file",
            path.display()
        ))
    });
    let (file, head) = opened?;
    let Some(format) = format_of(&head) else {
        if is_named_a_picture(&name) {
            return Err(cannot_read(
                "the name says that it is a picture, and it is none that could be cleaned of where and when it was made; \
                 make a JPEG or PNG of it, or give it its true ending",
            ));
        }
        let source = Box::new(Cursor::new(head).chain(file));
        return Ok(Prepared {
            name,
            picture: None,
            source,
        });
    };
    let mut bytes = head;
    file.take(ATTACHMENT_BYTES_MAX)
        .read_to_end(&mut bytes)
        .map_err(|error| cannot_read(&format!("the file cannot be read to its end ({error})")))?;
    let picture = cleaned(&bytes, format)?;
    if u64::try_from(picture.bytes.len()).is_ok_and(|len| len > ATTACHMENT_BYTES_MAX) {
        return Err(too_large("the picture has more than 64 MiB; make it smaller"));
    }
    Ok(Prepared {
        name: renamed(&name, picture.ending),
        picture: Some(picture.picture),
        source: Box::new(Cursor::new(picture.bytes)),
    })
}

/// A regular file within the limit, and how it begins. Nothing that could be waited for is opened.
fn open(path: &Path) -> Result<(File, Vec<u8>), Unreadable> {
    if !fs::metadata(path)?.is_file() {
        return Err(Unreadable::NoFile);
    }
    let mut file = File::open(path)?;
    let about = file.metadata()?;
    if !about.is_file() {
        return Err(Unreadable::NoFile);
    }
    let mut head = Vec::new();
    (&mut file).take(HEAD).read_to_end(&mut head)?;
    Ok((file, head))
}

#[derive(Debug, thiserror::Error)]
enum Unreadable {
    #[error("{0}")]
    Disk(#[from] io::Error),
    #[error("it is not a file")]
    NoFile,
}

/// Whether people expect a picture behind this name that is cleaned before it goes.
fn is_named_a_picture(name: &str) -> bool {
    let ending = name.rsplit_once('.').map_or("", |(_, ending)| ending);
    ["jpg", "jpeg", "png", "webp"]
        .iter()
        .any(|known| ending.eq_ignore_ascii_case(known))
}

/// The name with the ending that its bytes have now.
fn renamed(name: &str, ending: &str) -> String {
    let (stem, had) = name.rsplit_once('.').unwrap_or((name, ""));
    let same = had.eq_ignore_ascii_case(ending) || (ending == "jpg" && had.eq_ignore_ascii_case("jpeg"));
    match had {
        _ if same => name.to_owned(),
        "" => format!("{name}.{ending}"),
        _ => format!("{stem}.{ending}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dto::RefusalCode;

    #[test]
    fn a_document_is_read_as_it_is() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("Протокол.pdf");
        let bytes: Vec<u8> = (0..100_000u32).map(|at| at as u8).collect();
        fs::write(&path, &bytes).unwrap();
        let mut prepared = prepare(&path).unwrap();
        let mut read = Vec::new();
        prepared.source.read_to_end(&mut read).unwrap();
        assert_eq!((prepared.name.as_str(), read == bytes), ("Протокол.pdf", true));
        assert_eq!(prepared.picture, None);
    }

    #[test]
    fn what_is_no_file_is_refused() {
        let dir = tempfile::tempdir().unwrap();
        for path in [
            dir.path().to_owned(),
            dir.path().join("absent"),
            "/dev/zero".into(),
        ] {
            let refusal = prepare(&path).err().unwrap();
            assert_eq!(refusal.code, RefusalCode::CannotRead, "{path:?}");
        }
    }

    #[test]
    fn what_is_called_a_picture_and_cannot_be_cleaned_does_not_go() {
        let dir = tempfile::tempdir().unwrap();
        for (name, good) in [
            ("IMG_1.jpg", false),
            ("IMG_1.JPEG", false),
            ("a.webp", false),
            ("IMG_1.heic", true),
        ] {
            let path = dir.path().join(name);
            fs::write(&path, b"\0\0\0\x18ftypheic").unwrap();
            let refused = prepare(&path).err().map(|refusal| refusal.code);
            assert_eq!(refused, (!good).then_some(RefusalCode::CannotRead), "{name}");
        }
    }

    #[test]
    fn a_picture_is_called_what_it_is() {
        for (name, ending, called) in [
            ("a.JPG", "jpg", "a.JPG"),
            ("a.jpeg", "jpg", "a.jpeg"),
            ("a.webp", "png", "a.png"),
            ("a", "png", "a.png"),
        ] {
            assert_eq!(renamed(name, ending), called);
        }
    }
}
