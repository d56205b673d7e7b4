//! How long things take. Run with `--ignored --nocapture`.

use super::support::*;
use crate::*;
use std::time::Instant;

#[test]
#[ignore = "measures, asserts nothing"]
fn figures_at_ten_and_fifty_members() {
    figures(10);
    figures(50);
}

#[expect(clippy::print_stderr, reason = "the figures are what it is for")]
fn figures(members: u8) {
    eprintln!("-- {members} members");
    let timed = |what: &str, started: Instant| eprintln!("{what}: {:?}", started.elapsed());
    let started = Instant::now();
    let (mut relay, mut desks) = gathered(members);
    timed("found, add all in one commit, all join, all settle", started);
    let started = Instant::now();
    desks[0].say("hello").unwrap();
    timed("encrypt and apply", started);
    desks[0].flush(&mut relay);
    let started = Instant::now();
    desks[1].follow(&relay).unwrap();
    timed("load, process a message, apply", started);
    let started = Instant::now();
    let message = desks[0]
        .commit(&Intent {
            refresh: true,
            ..Intent::default()
        })
        .unwrap()
        .message;
    timed("make a refresh", started);
    eprintln!("a refresh is {} bytes", message.len());
    desks[0].flush(&mut relay);
    let started = Instant::now();
    desks[1].follow(&relay).unwrap();
    timed("process it", started);
    let started = Instant::now();
    drop(desks[1].conversation());
    timed("load alone", started);
    let rows =
        primitives::store::Store::scan(&desks[1].store, crate::conversation::GROUPS, b"", b"", 100).unwrap();
    let sizes: Vec<_> = rows.iter().map(|(key, value)| (key[32], value.len())).collect();
    eprintln!(
        "records {sizes:?}, {} bytes",
        sizes.iter().map(|(_, len)| len).sum::<usize>()
    );
}
