//! The checked-in TypeScript types are those of the Rust types.

use std::path::PathBuf;

/// Rewrite them with `VECHE_WRITE_TYPES=1 cargo test -p veche-app --test types`.
#[test]
fn the_checked_in_types_are_up_to_date() {
    let dir = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../ui/src/backend");
    if std::env::var_os("VECHE_WRITE_TYPES").is_some() {
        app::export_types(&dir).unwrap();
    }
    let checked_in = std::fs::read_to_string(dir.join(app::TYPES_FILE)).unwrap();
    assert!(
        checked_in == app::types(),
        "write them again: VECHE_WRITE_TYPES=1 cargo test -p veche-app --test types"
    );
}
