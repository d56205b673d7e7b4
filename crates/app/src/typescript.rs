//! The TypeScript types of everything that crosses the door between a page and this program, in one file.

use crate::VaultStatus;
use crate::dto::{Answer, Event, Refusal, Request};
use std::any::TypeId;
use std::collections::BTreeMap;
use std::path::Path;
use std::{fs, io};
use ts_rs::{Config, TS, TypeVisitor};

/// Name of the file that [`export_types`] writes.
pub const TYPES_FILE: &str = "generated.ts";

const HEAD: &str = "// Made from the Rust types by `VECHE_WRITE_TYPES=1 cargo test -p veche-app --test types`;\n// do not edit.\n";

/// Writes [`types`] to `generated.ts` in `dir`.
///
/// # Errors
/// If the file cannot be written.
pub fn export_types(dir: &Path) -> io::Result<()> {
    fs::write(dir.join(TYPES_FILE), types())
}

/// Requests, answers, events, refusals and all that they consist of, by name.
///
/// Numbers of 64 bits are `number`: times in milliseconds and positions stay below 2^53.
#[must_use]
pub fn types() -> String {
    let config = Config::new().with_large_int("number");
    let mut found = Found {
        config,
        declared: BTreeMap::new(),
    };
    found.visit::<Request>();
    found.visit::<Answer>();
    found.visit::<Event>();
    found.visit::<Refusal>();
    found.visit::<VaultStatus>();
    let declared = found
        .declared
        .into_values()
        .map(|(_, declaration)| tidy(&declaration));
    std::iter::once(HEAD.to_owned())
        .chain(declared)
        .collect::<Vec<_>>()
        .join("\n")
}

/// Without the spaces that the generator leaves at the ends of lines.
fn tidy(declaration: &str) -> String {
    declaration
        .lines()
        .map(|line| format!("{}\n", line.trim_end()))
        .collect()
}

/// Collects a type and everything it refers to.
struct Found {
    config: Config,
    declared: BTreeMap<String, (TypeId, String)>,
}

impl TypeVisitor for Found {
    fn visit<T: TS + 'static + ?Sized>(&mut self) {
        // Primitive types have no file of their own, and so no declaration.
        if T::output_path().is_none() {
            return;
        }
        let name = T::ident(&self.config);
        let id = TypeId::of::<T>();
        if self.declared.get(&name).is_some_and(|(known, _)| *known == id) {
            return;
        }
        let declaration = format!("export {}\n", T::decl(&self.config));
        self.declared.insert(name, (id, declaration));
        T::visit_dependencies(self);
    }
}
