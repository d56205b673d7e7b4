//! A disk as pessimistic as the standard allows: what no sync covered may be there or not, in parts, in any order;
//! names of files too.

use crate::ledger::Micros;
use crate::load::below;
use crate::trace::{Event, Op};
use rand_chacha::ChaCha20Rng;
use std::collections::BTreeMap;
use std::ffi::OsString;
use std::path::{Path, PathBuf};

const SECTOR: usize = 512;

/// What of the unsynced is there after the power has come back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kept {
    /// Nothing.
    Nothing,
    /// Everything: what a killed process leaves.
    Everything,
    /// Everything, but only a part of the last write.
    TornLast,
    /// Any of the writes and of the names, whole or torn.
    Any,
}

impl Kept {
    pub(crate) const ALL: [Self; 4] = [Self::Nothing, Self::Everything, Self::TornLast, Self::Any];
}

#[derive(Debug, Clone)]
enum Change {
    Write { at: u64, bytes: Vec<u8> },
    SetLen(u64),
}

#[derive(Debug, Clone, Default)]
struct Inode {
    is_dir: bool,
    durable: Vec<u8>,
    pending: Vec<(Micros, Change)>,
}

/// A name in a directory.
type Name = (usize, OsString);

#[derive(Debug, Clone)]
enum Naming {
    Link(Name, usize),
    /// Within one directory.
    Rename(Name, Name, usize),
    Unlink(Name),
}

impl Naming {
    /// The directory whose names it changes.
    fn folder(&self) -> usize {
        let (Self::Link((folder, _), _) | Self::Rename((folder, _), ..) | Self::Unlink((folder, _))) = self;
        *folder
    }

    fn apply(&self, names: &mut BTreeMap<Name, usize>) {
        match self {
            Self::Link(name, inode) => {
                names.insert(name.clone(), *inode);
            }
            Self::Rename(from, to, inode) => {
                if names.get(from) == Some(inode) {
                    names.remove(from);
                }
                names.insert(to.clone(), *inode);
            }
            Self::Unlink(name) => {
                names.remove(name);
            }
        }
    }
}

/// The disk at one moment of a trace.
#[derive(Debug, Clone)]
pub(crate) struct Disk {
    root: PathBuf,
    /// The first is the root's.
    inodes: Vec<Inode>,
    /// Names as processes see them.
    live: BTreeMap<Name, usize>,
    durable: BTreeMap<Name, usize>,
    pending: Vec<(Micros, Naming)>,
}

/// A point in a trace: an event begins or ends.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Moment {
    pub(crate) at: Micros,
    event: usize,
    begins: bool,
    /// Whether a sync ends here.
    pub(crate) syncs: bool,
}

impl Moment {
    /// What begins or ends here, for a person.
    pub(crate) fn of(&self, events: &[Event]) -> String {
        match &events[self.event].op {
            Op::Write { path, at, bytes } => format!("{} bytes at {at} of {}", bytes.len(), path.display()),
            other => format!("{other:?}"),
        }
    }
}

/// The moments of a trace, in order.
pub(crate) fn moments(events: &[Event]) -> Vec<Moment> {
    let mut moments = Vec::new();
    for (event, Event { begun, ended, op }) in events.iter().enumerate() {
        let begins = Moment {
            at: *begun,
            event,
            begins: true,
            syncs: false,
        };
        moments.push(begins);
        if matches!(op, Op::Sync { .. }) && *ended < Micros::MAX {
            moments.push(Moment {
                at: *ended,
                begins: false,
                syncs: true,
                ..begins
            });
        }
    }
    moments.sort_by_key(|moment| (moment.at, moment.begins));
    moments
}

impl Disk {
    /// An empty disk, on which the folder that is to hold everything is there durably.
    pub(crate) fn new(root: &Path) -> Self {
        Self {
            root: root.to_owned(),
            inodes: vec![Inode {
                is_dir: true,
                ..Inode::default()
            }],
            live: BTreeMap::new(),
            durable: BTreeMap::new(),
            pending: Vec::new(),
        }
    }

    /// What a path leads to, for processes.
    fn find(&self, path: &Path) -> Option<usize> {
        let parts = path.strip_prefix(&self.root).unwrap();
        parts.iter().try_fold(0, |folder, part| {
            self.live.get(&(folder, part.to_owned())).copied()
        })
    }

    fn name_of(&self, path: &Path) -> Name {
        let folder = self.find(path.parent().unwrap()).unwrap();
        (folder, path.file_name().unwrap().to_owned())
    }

    pub(crate) fn pass(&mut self, moment: Moment, events: &[Event]) {
        let event = &events[moment.event];
        if moment.begins {
            self.begin(event);
        } else if let Op::Sync { path } = &event.op {
            self.sync(path, event.begun);
        }
    }

    fn begin(&mut self, event: &Event) {
        match &event.op {
            Op::Create { path, truncate } => match self.find(path) {
                Some(inode) if *truncate => self.change(inode, event, Change::SetLen(0)),
                Some(_) => {}
                None => self.link(path, event.ended, false),
            },
            Op::MakeDir { path } => self.link(path, event.ended, true),
            Op::Write { path, at, bytes } => {
                let change = Change::Write {
                    at: *at,
                    bytes: bytes.clone(),
                };
                self.change(self.find(path).unwrap(), event, change);
            }
            Op::SetLen { path, len } => {
                self.change(self.find(path).unwrap(), event, Change::SetLen(*len));
            }
            Op::Sync { .. } => {}
            Op::Rename { from, to } => {
                let naming = Naming::Rename(self.name_of(from), self.name_of(to), self.find(from).unwrap());
                assert_eq!(
                    from.parent(),
                    to.parent(),
                    "a rename from one directory to another"
                );
                self.name(event.ended, naming);
            }
            Op::Unlink { path } => self.name(event.ended, Naming::Unlink(self.name_of(path))),
        }
    }

    fn change(&mut self, inode: usize, event: &Event, change: Change) {
        self.inodes[inode].pending.push((event.ended, change));
    }

    fn link(&mut self, path: &Path, ended: Micros, is_dir: bool) {
        let name = self.name_of(path);
        self.inodes.push(Inode {
            is_dir,
            ..Inode::default()
        });
        self.name(ended, Naming::Link(name, self.inodes.len() - 1));
    }

    fn name(&mut self, ended: Micros, naming: Naming) {
        naming.apply(&mut self.live);
        self.pending.push((ended, naming));
    }

    /// What had ended when the sync began is durable.
    fn sync(&mut self, path: &Path, begun: Micros) {
        let Some(number) = self.find(path) else {
            return;
        };
        let inode = &mut self.inodes[number];
        if inode.is_dir {
            let (done, rest) = std::mem::take(&mut self.pending)
                .into_iter()
                .partition(|(ended, naming)| naming.folder() == number && *ended <= begun);
            self.pending = rest;
            let done: Vec<(Micros, Naming)> = done;
            done.iter()
                .for_each(|(_, naming)| naming.apply(&mut self.durable));
        } else {
            let (done, rest): (Vec<_>, Vec<_>) = std::mem::take(&mut inode.pending)
                .into_iter()
                .partition(|(ended, _)| *ended <= begun);
            inode.pending = rest;
            done.iter()
                .for_each(|(_, change)| apply(&mut inode.durable, change));
        }
    }

    /// Writes down, below `into`, what is on the disk when the power comes back.
    pub(crate) fn restore(&self, into: &Path, kept: Kept, rng: &mut ChaCha20Rng) {
        let mut names = self.durable.clone();
        for (_, naming) in &self.pending {
            let stays = match kept {
                Kept::Nothing => false,
                Kept::Everything | Kept::TornLast => true,
                Kept::Any => below(rng, 2) == 0,
            };
            if stays {
                naming.apply(&mut names);
            }
        }
        let last = self
            .inodes
            .iter()
            .enumerate()
            .flat_map(|(inode, held)| held.pending.iter().map(move |(ended, _)| (*ended, inode)))
            .max();
        let last = last.map(|(_, inode)| inode);
        self.write_down(0, into, &names, &mut |inode: usize, path: &Path| {
            let torn = last == Some(inode);
            std::fs::write(path, self.inodes[inode].after(kept, torn, rng)).unwrap();
        });
    }

    fn write_down(
        &self,
        folder: usize,
        into: &Path,
        names: &BTreeMap<Name, usize>,
        write: &mut impl FnMut(usize, &Path),
    ) {
        let within = names.iter().filter(|((above, _), _)| *above == folder);
        for ((_, name), inode) in within {
            let path = into.join(name);
            if self.inodes[*inode].is_dir {
                std::fs::create_dir_all(&path).unwrap();
                self.write_down(*inode, &path, names, write);
            } else {
                write(*inode, &path);
            }
        }
    }
}

impl Inode {
    fn after(&self, kept: Kept, torn: bool, rng: &mut ChaCha20Rng) -> Vec<u8> {
        let mut bytes = self.durable.clone();
        for (number, (_, change)) in self.pending.iter().enumerate() {
            let tears = torn && number + 1 == self.pending.len();
            match kept {
                Kept::Nothing => return bytes,
                Kept::Everything => apply(&mut bytes, change),
                Kept::TornLast if !tears => apply(&mut bytes, change),
                Kept::TornLast => tear(&mut bytes, change, rng),
                Kept::Any => match below(rng, 3) {
                    0 => {}
                    1 => apply(&mut bytes, change),
                    _ => tear(&mut bytes, change, rng),
                },
            }
        }
        bytes
    }
}

fn apply(file: &mut Vec<u8>, change: &Change) {
    match change {
        Change::SetLen(len) => file.resize(usize::try_from(*len).unwrap(), 0),
        Change::Write { at, bytes } => {
            let at = usize::try_from(*at).unwrap();
            let end = at + bytes.len();
            if file.len() < end {
                file.resize(end, 0);
            }
            file[at..end].copy_from_slice(bytes);
        }
    }
}

/// A write of which only some sectors have come through; its length may be there without its bytes.
fn tear(file: &mut Vec<u8>, change: &Change, rng: &mut ChaCha20Rng) {
    let Change::Write { at, bytes } = change else {
        return;
    };
    let first_only = below(rng, 2) == 0;
    let cut = usize::try_from(below(rng, bytes.len() as u64 + 1)).unwrap();
    if first_only {
        let bytes = bytes[..cut].to_vec();
        return apply(file, &Change::Write { at: *at, bytes });
    }
    let end = usize::try_from(*at).unwrap() + bytes.len();
    if file.len() < end {
        file.resize(end, 0);
    }
    let mut done = 0;
    while done < bytes.len() {
        // Up to the next boundary of a sector of the file.
        let position = usize::try_from(*at).unwrap() + done;
        let until = (done + SECTOR - position % SECTOR).min(bytes.len());
        if below(rng, 2) == 0 {
            let part = Change::Write {
                at: position as u64,
                bytes: bytes[done..until].to_vec(),
            };
            apply(file, &part);
        }
        done = until;
    }
}
