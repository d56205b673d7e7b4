//! What a process did to its files, as strace saw it: every write with its bytes, every name, every sync, with the
//! moments between which each happened.

use crate::ledger::Micros;
use std::path::{Path, PathBuf};
use std::process::Command;

/// What was done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Op {
    Create {
        path: PathBuf,
        truncate: bool,
    },
    MakeDir {
        path: PathBuf,
    },
    Write {
        path: PathBuf,
        at: u64,
        bytes: Vec<u8>,
    },
    SetLen {
        path: PathBuf,
        len: u64,
    },
    /// A file's bytes, or a directory's names, are durable.
    Sync {
        path: PathBuf,
    },
    Rename {
        from: PathBuf,
        to: PathBuf,
    },
    Unlink {
        path: PathBuf,
    },
}

/// What was done, and when.
#[derive(Debug, Clone)]
pub(crate) struct Event {
    pub(crate) begun: Micros,
    /// Never, if the process was killed in it.
    pub(crate) ended: Micros,
    pub(crate) op: Op,
}

/// Everything that changes a file. `sync_file_range` promises nothing, so it is left out. What is missing here would
/// show: the directory that is rebuilt is compared with the real one.
const CALLS: &str = "openat,open,creat,write,pwrite64,ftruncate,fsync,fdatasync,rename,renameat,renameat2,unlink,\
                     unlinkat,mkdir,mkdirat,fallocate,copy_file_range,truncate,link,linkat,symlink";

/// The command, run under strace, which writes into `folder`, a file for each thread.
pub(crate) fn under_trace(command: &Command, folder: &Path) -> Command {
    let mut strace = Command::new("strace");
    strace
        .args([
            "-ff",
            "-ttt",
            "-T",
            "-y",
            "-xx",
            "--seccomp-bpf",
            "-s",
            "100000000",
            "-e",
        ])
        .arg(format!("trace={CALLS}"))
        .arg("-o")
        .arg(folder.join("thread"))
        .arg("--")
        .arg(command.get_program())
        .args(command.get_args());
    strace
}

/// What was done below `data`, in the order in which it was begun.
pub(crate) fn read(folder: &Path, data: &Path) -> Vec<Event> {
    let mut lines = Vec::new();
    for file in std::fs::read_dir(folder).unwrap() {
        let text = std::fs::read_to_string(file.unwrap().path()).unwrap();
        lines.extend(text.lines().filter_map(Line::parse));
    }
    lines.sort_by_key(|line| line.begun);
    let mut files = Files::default();
    let events = lines.iter().filter_map(|line| {
        let op = files.op(line, data)?;
        Some(Event {
            begun: line.begun,
            ended: line.ended,
            op,
        })
    });
    events.collect()
}

struct Line {
    begun: Micros,
    ended: Micros,
    call: String,
    /// Strings and paths decoded, everything else as it stands.
    args: Vec<Vec<u8>>,
    result: Option<i64>,
}

impl Line {
    fn parse(text: &str) -> Option<Self> {
        let (time, rest) = text.split_once(' ')?;
        let begun = micros(time)?;
        let (call, rest) = rest.split_once('(')?;
        let (args, result) = match rest.rsplit_once(") = ") {
            Some((args, result)) => (args, Some(result)),
            None => (rest, None),
        };
        // `= 0 <0.000012>`, or `= ?` when the process was killed in it.
        let number = result.and_then(|result| result.split([' ', '<']).next()?.parse().ok());
        let took = result.and_then(|result| micros(result.rsplit_once('<')?.1.strip_suffix('>')?));
        Some(Self {
            begun,
            ended: took.map_or(Micros::MAX, |took| begun + took),
            call: call.to_owned(),
            args: args.split(", ").map(decoded).collect(),
            result: number,
        })
    }

    fn text(&self, at: usize) -> &str {
        std::str::from_utf8(self.args.get(at).map_or(&[][..], Vec::as_slice)).unwrap_or_default()
    }

    fn path(&self, at: usize) -> PathBuf {
        PathBuf::from(self.text(at))
    }

    fn number(&self, at: usize) -> u64 {
        self.text(at).parse().unwrap()
    }
}

fn micros(seconds: &str) -> Option<Micros> {
    let (whole, part) = seconds.split_once('.')?;
    Some(whole.parse::<Micros>().ok()? * 1_000_000 + part.parse::<Micros>().ok()?)
}

/// `"\x41\x42"` and `9<\x2f>` as the bytes that they stand for; of a descriptor, its path.
fn decoded(arg: &str) -> Vec<u8> {
    let hex = match (arg.strip_prefix('"'), arg.split_once('<')) {
        (Some(string), _) => string.trim_end_matches('"'),
        (None, Some((_, path))) => path.trim_end_matches(['>', ')']),
        (None, None) => return arg.as_bytes().to_vec(),
    };
    let digits = hex.split("\\x").skip(1);
    digits
        .map(|digits| u8::from_str_radix(digits.get(..2).unwrap_or_default(), 16).unwrap())
        .collect()
}

/// Where descriptors that are written without an offset stand.
#[derive(Default)]
struct Files(std::collections::HashMap<PathBuf, u64>);

impl Files {
    fn op(&mut self, line: &Line, data: &Path) -> Option<Op> {
        let done = line.result.is_none_or(|result| result >= 0);
        if !done {
            return None;
        }
        let below = |path: PathBuf| path.starts_with(data).then_some(path);
        match line.call.as_str() {
            "openat" => {
                let (path, flags) = (below(line.path(1))?, line.text(2));
                self.0.insert(path.clone(), 0);
                flags.contains("O_CREAT").then(|| Op::Create {
                    path,
                    truncate: flags.contains("O_TRUNC"),
                })
            }
            "mkdir" => Some(Op::MakeDir {
                path: below(line.path(0))?,
            }),
            "write" => {
                let path = below(line.path(0))?;
                let at = self.0.entry(path.clone()).or_default();
                let begin = *at;
                *at += line.args.get(1)?.len() as u64;
                Some(Op::Write {
                    path,
                    at: begin,
                    bytes: line.args.get(1)?.clone(),
                })
            }
            "pwrite64" => Some(Op::Write {
                path: below(line.path(0))?,
                at: line.number(3),
                bytes: line.args.get(1)?.clone(),
            }),
            "ftruncate" => Some(Op::SetLen {
                path: below(line.path(0))?,
                len: line.number(1),
            }),
            "fsync" | "fdatasync" => Some(Op::Sync {
                path: below(line.path(0))?,
            }),
            "rename" => Some(Op::Rename {
                from: below(line.path(0))?,
                to: line.path(1),
            }),
            "unlink" => Some(Op::Unlink {
                path: below(line.path(0))?,
            }),
            "unlinkat" => Some(Op::Unlink {
                path: below(line.path(1))?,
            }),
            other => {
                let touches = line
                    .args
                    .iter()
                    .any(|arg| std::str::from_utf8(arg).is_ok_and(|text| Path::new(text).starts_with(data)));
                assert!(!touches, "the trace has {other}, which is not understood");
                None
            }
        }
    }
}
