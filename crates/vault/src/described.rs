//! What this program writes, byte by byte but for what is random. If it changes, the format has changed: then raise the
//! version, write golden files of it, and keep the old ones (tests/golden/vault/README.md).

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::cast_possible_truncation,
    reason = "a test says so by failing"
)]

use crate::contents::read_chunk;
use crate::layout::{ORDINARY, Place};
use crate::page::{Body, Page};
use crate::params::Params;
use crate::vault::Vault;
use primitives::{Batch, Purpose, Store as _, Table, encode};
use std::fmt::Write as _;
use std::fs;
use std::ops::ControlFlow;
use std::path::Path;

const DESCRIPTION: &str = "../../tests/golden/vault/v2/layout.txt";
const TABLE: Table = Table("sample");

fn history(vault: &mut Vault) {
    let burnable = |name: &str| Purpose::burnable(name);
    let mut batch = Batch::new();
    batch.put(TABLE, *b"ordinary", *b"value");
    batch.put_for(burnable("kept"), TABLE, *b"burnable", *b"value");
    batch.put_for(burnable("burnt"), TABLE, *b"burnt", *b"value");
    batch.put_for(burnable("kept"), Table("other"), *b"long", vec![7; 4_050]);
    vault.apply(batch).unwrap();
    vault
        .compact(&mut |_| ControlFlow::Continue(()))
        .unwrap()
        .unwrap();
    let mut batch = Batch::new();
    batch.burn(burnable("burnt"));
    batch.put(Table("other"), *b"new", *b"value");
    vault.apply(batch).unwrap();
}

fn describe(vault: &Vault, dir: &Path) -> String {
    let mut text = String::new();
    let mut line = |what: &str, bytes: &[u8]| {
        let bytes: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
        writeln!(text, "{what}: {bytes}").unwrap();
    };
    let header = fs::read(dir.join("header")).unwrap();
    line("header", &header[..32]);
    line("header, length", &encode(&header.len()));
    line(
        "counter, length",
        &encode(&fs::read(dir.join("counter")).unwrap().len()),
    );
    let (disk, keys, contents) = (&vault.disk, &vault.keys, &vault.contents);
    let root = &contents.root;
    let mut masked = root.clone();
    masked
        .pending
        .iter_mut()
        .for_each(|pending| pending.sealed.fill(0));
    line("root", &encode(&masked));
    for part in 0..root.keyring_parts {
        let sealing = root.sealing;
        let place = Place::Keyring { sealing, part };
        let mut payload = read_chunk(disk, keys, &vault.header_key, place, root.batches)
            .ok()
            .unwrap();
        for key in (1..root.next_key).filter_map(|number| contents.keyring.key(number)) {
            let at = payload
                .windows(32)
                .position(|window| window == key.expose())
                .unwrap();
            payload[at..at + 32].fill(0);
        }
        line(&format!("keyring, named by {:02x?}", encode(&place)), &payload);
    }
    for (number, table) in (0..).zip(&contents.tables) {
        for page in 0..table.pages.len() as u32 {
            let place = Place::Page { table: number, page };
            let payload = read_chunk(disk, keys, &keys.ordinary, place, root.batches)
                .ok()
                .unwrap();
            let mut entries = Page::decode(&payload).unwrap().into_entries();
            for entry in &mut entries {
                if let (Body::Inline { bytes }, true) = (&mut entry.body, entry.sealed_by != ORDINARY) {
                    bytes.fill(0);
                }
            }
            line(
                &format!("page, named by {:02x?}", encode(&place)),
                &encode(&entries),
            );
        }
        for long in table.spots.values().filter_map(|spot| spot.long) {
            for piece in 0..long.pieces() {
                let value = long.value;
                let place = Place::Piece { value, piece };
                let name = keys.name(place);
                let what = format!("piece, named by {:02x?}", encode(&place));
                let found = disk.read(&name).unwrap().unwrap();
                line(&what, &encode(&(found.chunk.len(), found.cold)));
            }
        }
    }
    let cold = fs::read(vault.generation.cold()).unwrap();
    line("cold, length", &encode(&cold.len()));
    let place = Place::Page { table: 0, page: 0 };
    let chunks = cold.len() / 4128;
    let first = cold[chunks * 4096..]
        .chunks(32)
        .position(|name| name == keys.name(place));
    line("cold, place of the first page", &encode(&first));
    text
}

fn written_now() -> String {
    let dir = tempfile::tempdir().unwrap();
    let mut vault = Vault::create(dir.path(), b"passphrase", Params::testing()).unwrap();
    history(&mut vault);
    describe(&vault, dir.path())
}

#[test]
fn the_format_is_the_one_of_its_golden_files() {
    let golden = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(DESCRIPTION)).unwrap();
    assert_eq!(
        written_now(),
        golden,
        "the format has changed: see tests/golden/vault/README.md"
    );
}

#[test]
#[ignore = "writes tests/golden/vault, deliberately: cargo test -p veche-vault -- --ignored write_golden"]
fn write_golden_description_of_the_newest_version() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(DESCRIPTION);
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, written_now()).unwrap();
}
