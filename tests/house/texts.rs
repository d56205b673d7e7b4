//! Where things stand, and how long a file may get.

use veche_tests::checkout::{Source, sources};

/// Past this, a file is usually two; it is said, not refused.
const LINES_MANY: usize = 600;
/// Past this, it is refused.
const LINES_MAX: usize = 900;

#[test]
fn labels_stand_in_one_place() {
    let mut wrong = Vec::new();
    for source in sources("crates", "rs")
        .unwrap()
        .iter()
        .chain(&sources("src-tauri", "rs").unwrap())
    {
        if source.path == "crates/primitives/src/labels.rs" || !source.path.contains("/src/") {
            continue;
        }
        let code = source
            .product()
            .lines()
            .filter(|line| !line.trim_start().starts_with("//"));
        if code.filter(|line| line.contains("\"veche/v1/")).count() > 0 {
            wrong.push(source.path.clone());
        }
    }
    assert!(
        wrong.is_empty(),
        "labels outside crates/primitives/src/labels.rs: {wrong:?}"
    );
}

#[test]
#[expect(clippy::print_stdout, reason = "what is said and not refused")]
fn files_are_one_noun_long() {
    let folders = ["crates", "tests", "src-tauri"];
    let sources: Vec<Source> = folders
        .iter()
        .flat_map(|folder| sources(folder, "rs").unwrap())
        .collect();
    let long = |lines: usize| {
        sources
            .iter()
            .filter(move |source| source.text.lines().count() > lines)
    };
    for source in long(LINES_MANY) {
        println!("{} has {} lines", source.path, source.text.lines().count());
    }
    let too_long: Vec<_> = long(LINES_MAX).map(|source| &source.path).collect();
    assert!(too_long.is_empty(), "over {LINES_MAX} lines: {too_long:?}");
}

#[test]
fn only_the_edges_of_the_house_talk_to_the_terminal() {
    for source in sources("crates", "rs").unwrap() {
        let talks = ["cli", "audit", "relay", "xtask"]
            .iter()
            .any(|name| source.path.starts_with(&format!("crates/{name}/")));
        let prints = source
            .product()
            .lines()
            .filter(|line| !line.trim_start().starts_with("//"));
        let prints = prints.filter(|line| line.contains("println!(")).count();
        assert!(talks || prints == 0, "{} prints", source.path);
    }
}
