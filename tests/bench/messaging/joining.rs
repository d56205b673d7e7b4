//! Joining a group that is too large to be measured otherwise; given up when making it takes too long.

use crate::Outcome;
use crate::bare::{Bare, Change};
use crate::disk::Disk;
use crate::group::{adding, admitted};
use crate::own::{Desk, Device, packages};
use crate::report::Figures;
use messaging::{ADDED_MAX, KeyPackage};
use std::path::Path;
use std::time::Instant;

/// Key packages made at once.
const CHUNK: usize = 1024;

pub(crate) fn run(members: usize, repeats: usize, folder: &Path, seconds: u64) -> Outcome<Figures> {
    let mut figures = Figures::of(members);
    let devices: Vec<Device> = (0..members).map(Device::new).collect();
    let started = Instant::now();
    let over = |what: &str, there: usize| {
        let over = started.elapsed().as_secs() > seconds;
        if over {
            eprintln!("{members} members: {what} given up at {there} after {seconds} s");
        }
        over
    };
    let (founder, joiner) = (devices.first().ok_or("nobody")?, devices.get(1).ok_or("nobody")?);
    let others = devices.get(2..).unwrap_or_default();

    let mut bare = Bare::new(founder)?;
    bare.create()?;
    let bare_joiner = Bare::new(joiner)?;
    let package = bare_joiner.key_package()?;
    let before = bare_joiner.snapshot()?;
    let mut there: usize = 1;
    for some in others.chunks(CHUNK) {
        let made = some.iter().map(|device| Bare::new(device)?.key_package());
        let made: Vec<_> = made.collect::<Outcome<_>>()?;
        bare.commit(&Change::Add(&made))?;
        there = there.saturating_add(made.len());
        eprintln!(
            "{members} members: bare, {there} there, {:.0} s",
            started.elapsed().as_secs_f64()
        );
        if over("the bare group", there) {
            return Ok(figures);
        }
    }
    let (_, bare_welcome, _) = bare.commit(&Change::Add(&[package]))?;
    let bare_welcome = bare_welcome.ok_or("no welcome")?;
    drop(bare);

    let roster = admitted(&devices)?;
    let mut desk = Desk::new(founder, Disk::memory());
    desk.create()?;
    let place = folder.join("messaging-joiner");
    let mut ours = Desk::new(joiner, Disk::create(&place)?);
    let package = KeyPackage::parse(&ours.key_package()?)?;
    let mut there: usize = 1;
    for some in others.chunks(ADDED_MAX) {
        desk.commit(&roster, &adding(packages(some)?))?;
        there = there.saturating_add(some.len());
        if there % CHUNK < ADDED_MAX {
            eprintln!(
                "{members} members: ours, {there} there, {:.0} s",
                started.elapsed().as_secs_f64()
            );
        }
        if over("ours", there) {
            return Ok(figures);
        }
    }
    let (_, welcome, cost) = desk.commit(&roster, &adding(vec![package]))?;
    let welcome = welcome.ok_or("no welcome")?;
    drop((desk, ours));

    let copied = folder.join("messaging-joiner-copy");
    let (mut own, mut theirs, mut flush, mut written) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
    for _ in 0..repeats {
        crate::disk::copy(&place, &copied)?;
        let cost = Desk::new(joiner, Disk::open(&copied)?).join(&roster, &welcome)?;
        own.push(cost.work.cpu_s * 1e3);
        flush.push(cost.flushed.wall_s * 1e3);
        written.push(bytes(cost.flushed.written));
        let mut bare = Bare::again(joiner, &before)?;
        theirs.push(bare.join(&bare_welcome)?.work.cpu_s * 1e3);
    }
    std::fs::remove_dir_all(&place)?;
    std::fs::remove_dir_all(&copied)?;
    figures.say_median("join", own, "ms", theirs);
    figures.say_median("join: flush", flush, "ms", Vec::new());
    figures.say_median("join: written", written, "bytes", Vec::new());
    figures.say(
        "join: welcome",
        bytes(cost.welcome),
        "bytes",
        Some(bytes(bare_welcome.len())),
    );
    Ok(figures)
}

#[expect(clippy::cast_precision_loss, reason = "figures for people")]
const fn bytes(count: usize) -> f64 {
    count as f64
}
