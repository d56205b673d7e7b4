//! A store in one file, and how that file is read.
//!
//! ```text
//! file   = "veche-relay export 1\n" record ...
//! record = kind (1) || length (u32, big-endian) || content || SHA-256(kind || length || content)
//!
//! kind 0, first:  Head = [ high_water: ms, keys: uint, recovering: bool ]
//! kind 1:         Pairs = [ [ key: bytes, value: bytes ] ... ]         keys and values of the store, in order
//! kind 2:         Key = [ name: text, seed: bytes ]                    only if it was asked for
//! kind 3, last:   End = [ chain: bytes 32 ]
//! ```
//! The chain is over everything before it: `chain = SHA-256(chain || SHA-256 of the record)`, beginning with zeros. So a
//! record that is altered, missing, doubled or in another place is noticed, and so is a file that was cut off.

use super::{Progress, Step, UpkeepError, go_on, not_less, walk};
use crate::mark::Mark;
use crate::recovery::Recovery;
use crate::store::{LogStore as _, SledStore, sync_parent};
use minicbor::bytes::{ByteSlice, ByteVec};
use minicbor::{Decode, Encode};
use primitives::canonical::sha256;
use primitives::{Hash, Time, decode_canonical, encode};
use std::fs::{self, File, OpenOptions};
use std::io::{self, BufReader, BufWriter, Read, Write};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;
use zeroize::Zeroizing;

const MAGIC: &[u8] = b"veche-relay export 1\n";
/// The longest record; what is longer was not written by this.
const RECORD_BYTES_MAX: u32 = 16 * 1024 * 1024;
/// Beside the keys: which are out of use, and when they were given out last.
const BESIDE_KEYS: [&str; 2] = ["checkpoint-retired", "issued"];
/// What it has for certain.
const IDENTITY: &str = "identity.key";

/// Whether a file of a data directory goes with the relay's keys.
pub(super) fn is_of_keys(name: &str) -> bool {
    let stem = name.strip_suffix(".key");
    let plain = |stem: &str| {
        let allowed = |byte: u8| byte.is_ascii_lowercase() || byte == b'-';
        !stem.is_empty() && stem.bytes().all(allowed)
    };
    stem.is_some_and(plain) || BESIDE_KEYS.contains(&name)
}

/// The names of the files that go with the relay's keys.
pub(super) fn key_files(data: &Path) -> io::Result<Vec<String>> {
    let mut names = Vec::new();
    for entry in fs::read_dir(data)? {
        let name = entry?.file_name();
        names.extend(name.to_str().filter(|name| is_of_keys(name)).map(str::to_owned));
    }
    names.sort_unstable();
    Ok(names)
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Encode, Decode)]
#[cbor(array)]
pub(super) struct Head {
    #[n(0)]
    pub(super) high_water: Time,
    #[n(1)]
    pub(super) keys: u64,
    #[n(2)]
    pub(super) recovering: bool,
}

/// A record of the file.
#[derive(Debug)]
pub(super) enum Record {
    Head(Head),
    Pairs(Vec<(ByteVec, ByteVec)>),
    Key(String, Zeroizing<Vec<u8>>),
    End,
}

/// Writes the store of a data directory, of which the caller holds the lock, into a new file that only its owner
/// reads; with the relay's keys, if `with_keys`.
///
/// # Errors
/// [`UpkeepError`]; then there is no file.
pub fn export(data: &Path, file: &Path, with_keys: bool, progress: Progress<'_>) -> Result<(), UpkeepError> {
    if file.exists() {
        let why = format!("{} is there already", file.display());
        return Err(UpkeepError::Misuse(why));
    }
    if !data.join("logs").join("db").is_file() {
        let why = format!("{} has no store to export", data.display());
        return Err(UpkeepError::Misuse(why));
    }
    let mut name = file.file_name().unwrap_or_default().to_owned();
    name.push(".new");
    let beside = file.with_file_name(name);
    let written = write(data, &beside, with_keys, progress).and_then(|()| {
        go_on(progress, Step::Placing, 0, 0)?;
        fs::rename(&beside, file)?;
        Ok(sync_parent(file)?)
    });
    if written.is_err() {
        let _ = fs::remove_file(&beside);
    }
    written
}

fn write(data: &Path, beside: &Path, with_keys: bool, progress: Progress<'_>) -> Result<(), UpkeepError> {
    let store = SledStore::open(&data.join("logs"), 0)?;
    let high_water = store.high_water()?;
    not_less(high_water, Mark::load(data)?.at())?;
    let keys = store.count(&[])?;
    // What an earlier attempt has left may be anybody's to read.
    match fs::remove_file(beside) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error.into()),
        _ => {}
    }
    let file = OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(beside)?;
    let mut file = Writer {
        file: BufWriter::new(file),
        chain: Hash::new([0; 32]),
    };
    file.file.write_all(MAGIC)?;
    let recovering = Recovery::load(data)?.is_on();
    file.record(
        0,
        &encode(&Head {
            high_water,
            keys,
            recovering,
        }),
    )?;
    if with_keys {
        let names = key_files(data)?;
        if !names.iter().any(|name| name == IDENTITY) {
            let why = format!("{} has no {IDENTITY}", data.display());
            return Err(UpkeepError::Misuse(why));
        }
        for name in names {
            let seed = Zeroizing::new(fs::read(data.join(&name))?);
            let record = Zeroizing::new(encode(&(name.as_str(), <&ByteSlice>::from(seed.as_slice()))));
            file.record(2, &record)?;
        }
    }
    let mut done = 0u64;
    walk(&store, |pairs| {
        done = done.saturating_add(u64::try_from(pairs.len()).unwrap_or(u64::MAX));
        let pairs: Vec<(ByteVec, ByteVec)> = pairs
            .into_iter()
            .map(|(key, value)| (key.into(), value.into()))
            .collect();
        file.record(1, &encode(&pairs))?;
        go_on(progress, Step::Copying, done, keys)
    })?;
    let chain = file.chain;
    file.record(3, &encode(&(chain,)))?;
    let file = file.file.into_inner().map_err(io::IntoInnerError::into_error)?;
    Ok(file.sync_all()?)
}

struct Writer {
    file: BufWriter<File>,
    chain: Hash,
}

impl Writer {
    fn record(&mut self, kind: u8, content: &[u8]) -> io::Result<()> {
        let len = u32::try_from(content.len()).unwrap_or(u32::MAX);
        let record = Zeroizing::new([&[kind], len.to_be_bytes().as_slice(), content].concat());
        let hash = sha256(&record);
        self.chain = sha256(&[self.chain.as_bytes().as_slice(), hash.as_bytes()].concat());
        self.file.write_all(&record)?;
        self.file.write_all(hash.as_bytes())
    }
}

/// Reads the file record by record; [`Record::End`] is given only if everything before it was whole.
pub(super) struct Reader {
    file: BufReader<File>,
    chain: Hash,
}

impl Reader {
    pub(super) fn open(path: &Path) -> Result<Self, UpkeepError> {
        let mut file = BufReader::new(File::open(path)?);
        let mut magic = [0; MAGIC.len()];
        exact(&mut file, &mut magic)?;
        if magic != MAGIC {
            return Err(UpkeepError::BadFile("it does not begin like one"));
        }
        Ok(Self {
            file,
            chain: Hash::new([0; 32]),
        })
    }

    pub(super) fn next(&mut self) -> Result<Record, UpkeepError> {
        let mut head = [0; 5];
        exact(&mut self.file, &mut head)?;
        let [kind, len @ ..] = head;
        let len = u32::from_be_bytes(len);
        if len > RECORD_BYTES_MAX {
            return Err(UpkeepError::BadFile("a record is too long"));
        }
        let len = usize::try_from(len).unwrap_or(usize::MAX);
        let mut record = Zeroizing::new(vec![0; len.saturating_add(head.len())]);
        let (begin, content) = record.split_at_mut(head.len());
        begin.copy_from_slice(&head);
        exact(&mut self.file, content)?;
        let mut hash = [0; 32];
        exact(&mut self.file, &mut hash)?;
        if sha256(&record) != Hash::new(hash) {
            return Err(UpkeepError::BadFile("a record is damaged"));
        }
        let content = record.get(head.len()..).unwrap_or_default();
        let damaged = |_| UpkeepError::BadFile("a record makes no sense");
        let read = match kind {
            0 => Record::Head(decode_canonical(content).map_err(damaged)?),
            1 => Record::Pairs(decode_canonical(content).map_err(damaged)?),
            2 => {
                let (name, seed) = decode_canonical::<(String, ByteVec)>(content).map_err(damaged)?;
                Record::Key(name, Zeroizing::new(seed.into()))
            }
            3 => {
                let (chain,) = decode_canonical::<(Hash,)>(content).map_err(damaged)?;
                if chain != self.chain {
                    return Err(UpkeepError::BadFile("records are missing, or in another order"));
                }
                if self.file.read(&mut [0])? != 0 {
                    return Err(UpkeepError::BadFile("something follows its end"));
                }
                Record::End
            }
            _ => return Err(UpkeepError::BadFile("a record is of no known kind")),
        };
        self.chain = sha256(&[self.chain.as_bytes().as_slice(), &hash].concat());
        Ok(read)
    }
}

fn exact(file: &mut impl Read, bytes: &mut [u8]) -> Result<(), UpkeepError> {
    file.read_exact(bytes).map_err(|error| match error.kind() {
        io::ErrorKind::UnexpectedEof => UpkeepError::BadFile("it was cut off"),
        _ => error.into(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_names_of_keys_are_written_into_a_directory() {
        for name in [
            "identity.key",
            "checkpoint-previous.key",
            "checkpoint-retired",
            "issued",
        ] {
            assert!(is_of_keys(name), "{name}");
        }
        for name in [
            "",
            ".key",
            "../identity.key",
            "a/b.key",
            "lock",
            "mark",
            "identity.key.new",
            "LOCK.key",
        ] {
            assert!(!is_of_keys(name), "{name}");
        }
    }
}
