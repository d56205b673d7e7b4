//! Seeds from `tests/vectors`: the fields of its cases, its audit files, and what stands in these.

use assembly::{AuditFile, EntryKey, SealedEntry, Statement};
use data_encoding::HEXLOWER;
use primitives::decode_canonical;
use primitives::signed::Unverified;
use serde_json::Value;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

/// Cases of one kind that are taken from one file: the fuzzer makes more of them.
const OF_ONE_FILE: usize = 4;

/// What the vectors say.
pub struct Vectors {
    /// The files of `ballot/v1`, each with its cases.
    files: Vec<Vec<Value>>,
    audits: Vec<Vec<u8>>,
}

impl Vectors {
    /// Reads the vectors of this checkout.
    ///
    /// # Errors
    /// If a file cannot be read or is not JSON.
    pub fn read() -> io::Result<Self> {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../vectors");
        let cases = |path: PathBuf| {
            let file: Value = serde_json::from_slice(&fs::read(path)?)?;
            Ok(file["cases"].as_array().cloned().unwrap_or_default())
        };
        Ok(Self {
            files: of_ending(&folder.join("ballot/v1"), "json")?
                .into_iter()
                .map(cases)
                .collect::<io::Result<_>>()?,
            audits: of_ending(&folder.join("audit/v1"), "veche-audit")?
                .into_iter()
                .map(fs::read)
                .collect::<io::Result<_>>()?,
        })
    }

    /// The field `field` of cases of the kind `kind`, some of each file.
    #[must_use]
    pub fn bytes(&self, kind: &str, field: &str) -> Vec<Vec<u8>> {
        let of_kind = |cases: &'_ Vec<Value>| {
            let found = cases.iter().filter(|case| case["kind"] == kind);
            let found = found.filter_map(|case| HEXLOWER.decode(case[field].as_str()?.as_bytes()).ok());
            found.take(OF_ONE_FILE).collect::<Vec<_>>()
        };
        self.files.iter().flat_map(of_kind).collect()
    }

    /// The audit files' bytes.
    #[must_use]
    pub fn audits(&self) -> Vec<Vec<u8>> {
        self.audits.clone()
    }

    /// The audit files, read.
    #[must_use]
    pub fn audit_files(&self) -> Vec<AuditFile> {
        self.audits
            .iter()
            .map(|bytes| AuditFile::parse(bytes).unwrap())
            .collect()
    }

    /// The journals' entries, sealed.
    #[must_use]
    pub fn entries(&self) -> Vec<Vec<u8>> {
        let logs = self.audit_files().into_iter().flat_map(|file| file.logs);
        logs.flat_map(|log| log.entries)
            .map(|entry| entry.bytes)
            .collect()
    }

    /// The journals' signed statements: the first of each kind.
    #[must_use]
    pub fn statements(&self) -> Vec<Unverified> {
        let mut kinds = std::collections::BTreeSet::new();
        let mut found = Vec::new();
        for file in self.audit_files() {
            for log in &file.logs {
                for entry in &log.entries {
                    let Ok(sealed) = SealedEntry::parse(&entry.bytes) else {
                        continue;
                    };
                    let key = entry.key.map(|key| EntryKey::from_bytes(key.into()));
                    let main = key.and_then(|key| sealed.open(&key).ok()).unwrap_or_default();
                    let Ok(signed) = decode_canonical::<Unverified>(&main) else {
                        continue;
                    };
                    let body = signed.peek::<Statement>().ok().and_then(|s| s.body().ok());
                    if body.is_some_and(|body| kinds.insert(body.name())) {
                        found.push(signed);
                    }
                }
            }
        }
        found
    }

    /// What the journals' statements say: the first body of each kind.
    #[must_use]
    pub fn bodies(&self) -> Vec<assembly::Body> {
        let statements = self.statements().into_iter();
        statements
            .filter_map(|signed| signed.peek::<Statement>().ok()?.body().ok())
            .collect()
    }
}

/// The files in `folder` whose names end in `.ending`, in order.
fn of_ending(folder: &Path, ending: &str) -> io::Result<Vec<PathBuf>> {
    let mut paths = fs::read_dir(folder)?
        .map(|entry| entry.map(|entry| entry.path()))
        .collect::<io::Result<Vec<_>>>()?;
    paths.retain(|path| path.extension().is_some_and(|found| found == ending));
    paths.sort();
    Ok(paths)
}
