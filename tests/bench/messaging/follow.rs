//! Catching up: a client that was away, with a vault on the disk, reads what the others said meanwhile.

use crate::Outcome;
use crate::assembly::{Assembly, Seat};
use crate::bare::BareCost;
use crate::disk::{Disk, copy};
use crate::group::{Group, SENDERS, Who};
use crate::report::Figures;
use std::path::Path;
use std::time::Instant;

/// Who was away.
const AWAY: usize = 1;
/// Pages of the bare group that are read for its rate.
const BARE_PAGES: usize = 8;

pub(crate) fn run(members: usize, messages: usize, repeats: usize, folder: &Path) -> Outcome<Figures> {
    let folder = folder.join(format!("messaging-away-{members}"));
    std::fs::create_dir_all(&folder)?;
    let started = Instant::now();
    let (vault, copied) = (folder.join("vault"), folder.join("copy"));
    let last = members.saturating_sub(1);
    let speakers: Vec<usize> = (2.max(members.saturating_sub(SENDERS))..=last).collect();
    let mut stay = speakers.clone();
    stay.push(AWAY);
    let mut assembly = Assembly::found(members, &stay, |who| {
        if who == AWAY {
            Disk::create(&vault)
        } else {
            Ok(Disk::memory())
        }
    })?;
    // Everybody has come to the last commit's epoch.
    let minute = assembly.now.after(60_000);
    assembly.until("a minute", |assembly| Ok(assembly.now > minute))?;
    assembly.seats.remove(&AWAY);
    assembly.say(&speakers, 0..messages)?;
    eprintln!(
        "{members} members: {messages} messages said, {:.1} s",
        started.elapsed().as_secs_f64()
    );

    let mut figures = Figures::of(members);
    let said = count(assembly.said) / count(messages);
    let (relay, now) = (assembly.relay, assembly.now.after(1_000));
    drop(assembly.seats);
    let (mut rates, mut cpu_rates, mut flush, mut written) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
    for _ in 0..repeats {
        copy(&vault, &copied)?;
        let mut again = Assembly::new(relay.clone(), now);
        again.seats.insert(AWAY, Seat::new(Disk::open(&copied)?)?);
        let told = |assembly: &Assembly| assembly.seats.get(&AWAY).map_or(0, |seat| seat.told);
        again.until("all messages", |assembly| Ok(told(assembly) >= messages))?;
        let seat = again.seats.get_mut(&AWAY).ok_or("not online")?;
        let flushed = seat.flushed();
        rates.push(count(messages) / seat.worked.wall_s);
        cpu_rates.push(count(messages) / seat.worked.cpu_s);
        flush.push(flushed.wall_s / seat.worked.wall_s * 100.0);
        written.push(count(flushed.written) / count(messages));
    }
    let bare = bare_rate(members, &folder)?;
    let name = format!("catching up on {messages}");
    figures.say_median(&name, rates, "messages/s", vec![bare]);
    figures.say_median(
        &format!("{name}: by processor time"),
        cpu_rates,
        "messages/s",
        vec![bare],
    );
    figures.say_median(&format!("{name}: of it the flush"), flush, "%", Vec::new());
    figures.say_median(&format!("{name}: written for each"), written, "bytes", Vec::new());
    figures.say("a client's message: on the wire", said, "bytes", None);
    std::fs::remove_dir_all(&folder)?;
    Ok(figures)
}

/// Messages that a bare group of so many takes in a second of processor time.
fn bare_rate(members: usize, folder: &Path) -> Outcome<f64> {
    let group = Group::make(members, folder)?;
    let mut total = BareCost::default();
    for _ in 0..BARE_PAGES {
        let cost = group.bare_desk(Who::Founder)?.page(&group.bare.page)?;
        total.work = total.work.and(cost.work);
    }
    Ok(count(BARE_PAGES.saturating_mul(group.bare.page.len())) / total.work.cpu_s)
}

#[expect(clippy::cast_precision_loss, reason = "figures for people")]
const fn count(number: usize) -> f64 {
    number as f64
}
