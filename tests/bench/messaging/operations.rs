//! What members do: each operation on a copy of the same group, ours and the bare one's taking turns in going first.

use crate::Outcome;
use crate::bare::{Bare, BareCost, Change};
use crate::disk::Disk;
use crate::group::{Group, SENDERS, Who, adding};
use crate::own::{Cost, Desk, Device};
use crate::report::Figures;
use messaging::Intent;
use std::path::Path;

/// Messages sent one after the other, of which one is counted.
const SENT: usize = 8;

/// What repeats of one operation took.
#[derive(Default)]
struct Taken {
    own: Vec<Cost>,
    bare: Vec<BareCost>,
}

/// Ours and theirs of what is followed by somebody else.
struct Received {
    name: String,
    own: (Vec<Vec<u8>>, Option<usize>),
    bare: Vec<u8>,
}

pub(crate) fn run(members: usize, repeats: usize, folder: &Path) -> Outcome<Figures> {
    let group = Group::make(members, folder)?;
    let mut figures = Figures::of(members);
    let mut said = |name: &str, taken: Taken| {
        eprintln!("{members} members: {name}");
        tell(&mut figures, name, &taken);
    };
    let device = Device::new(0);
    let lone = folder.join("messaging-alone");
    let create = turns(
        repeats,
        || Desk::new(&device, Disk::create(&lone)?).create(),
        || Bare::new(&device)?.create(),
    )?;
    said("create, alone", create);
    std::fs::remove_dir_all(&lone)?;
    said(
        "create, everybody added",
        Taken {
            own: vec![group.filled],
            bare: vec![group.bare.filled],
        },
    );
    for change in ["add", "add 64", "remove", "update"] {
        let received = commits(&group, change, repeats, &mut said)?;
        // Who is removed does not follow.
        if change == "remove" && group.members == 2 {
            continue;
        }
        let roster = group.roster(received.own.1)?;
        let taken = turns(
            repeats,
            || group.desk(Who::Witness)?.follow(&roster, &received.own.0),
            || group.bare_desk(Who::Witness)?.follow(&received.bare),
        )?;
        said(&received.name, taken);
    }
    let roster = group.roster(None)?;
    let send = turns(
        repeats,
        || {
            let mut desk = group.desk(Who::Founder)?;
            (0..SENT).try_fold(Cost::default(), |_, number| Ok(desk.say(number)?.1))
        },
        || {
            let mut desk = group.bare_desk(Who::Founder)?;
            (0..SENT).try_fold(BareCost::default(), |_, number| Ok(desk.say(number)?.1))
        },
    )?;
    said("send", send);
    let page = turns(
        repeats,
        || group.desk(Who::Founder)?.page(&roster, &group.page),
        || group.bare_desk(Who::Founder)?.page(&group.bare.page),
    )?;
    said("receive a page of 64", page);
    let join = turns(
        repeats,
        || group.desk(Who::Joiner)?.join(&roster, &group.welcome),
        || group.bare_desk(Who::Joiner)?.join(&group.bare.welcome),
    )?;
    said("join", join);
    Ok(figures)
}

/// Makes and merges a commit; what it made is for others to follow.
fn commits(
    group: &Group,
    change: &str,
    repeats: usize,
    said: &mut impl FnMut(&str, Taken),
) -> Outcome<Received> {
    let victim = group.members.saturating_sub(1);
    let (intent, bare, without) = match change {
        "add" => (
            adding(group.more.iter().take(1).cloned().collect()),
            Change::Add(group.bare.more.get(..1).unwrap_or_default()),
            None,
        ),
        "add 64" => (adding(group.more.clone()), Change::Add(&group.bare.more), None),
        "remove" => {
            let gone = group.devices.get(victim).ok_or("no such device")?;
            let remove = vec![gone.member()?.identity];
            // Those that speak came last; before them stand the others, in their order.
            let before = if group.members > SENDERS.saturating_add(1) {
                SENDERS
            } else {
                0
            };
            let leaf = u32::try_from(victim.saturating_sub(before))?;
            let intent = Intent {
                remove,
                ..Intent::default()
            };
            (intent, Change::Remove(leaf), Some(victim))
        }
        _ => {
            let intent = Intent {
                refresh: true,
                ..Intent::default()
            };
            (intent, Change::Update, None)
        }
    };
    let roster = group.roster(without)?;
    let (mut entries, mut commit) = (Vec::new(), Vec::new());
    let taken = turns(
        repeats,
        || {
            let (made, _, cost) = group.desk(Who::Founder)?.commit(&roster, &intent)?;
            entries = made;
            Ok(cost)
        },
        || {
            let (made, _, cost) = group.bare_desk(Who::Founder)?.commit(&bare)?;
            commit = made;
            Ok(cost)
        },
    )?;
    said(change, taken);
    Ok(Received {
        name: format!("{change}, received"),
        own: (entries, without),
        bare: commit,
    })
}

/// Both, again and again.
fn turns(
    repeats: usize,
    mut own: impl FnMut() -> Outcome<Cost>,
    mut bare: impl FnMut() -> Outcome<BareCost>,
) -> Outcome<Taken> {
    let mut taken = Taken::default();
    for repeat in 0..repeats {
        if repeat.is_multiple_of(2) {
            taken.own.push(own()?);
            taken.bare.push(bare()?);
        } else {
            taken.bare.push(bare()?);
            taken.own.push(own()?);
        }
    }
    Ok(taken)
}

#[expect(clippy::cast_precision_loss, reason = "figures for people")]
fn tell(figures: &mut Figures, name: &str, taken: &Taken) {
    let own = |what: fn(&Cost) -> f64| taken.own.iter().map(what).collect::<Vec<_>>();
    let bare = |what: fn(&BareCost) -> f64| taken.bare.iter().map(what).collect::<Vec<_>>();
    figures.say_median(
        name,
        own(|cost| cost.work.cpu_s * 1e3),
        "ms",
        bare(|cost| cost.work.cpu_s * 1e3),
    );
    let flush = own(|cost| cost.flushed.wall_s * 1e3);
    figures.say_median(&format!("{name}: flush"), flush, "ms", Vec::new());
    let wire = own(|cost| cost.wire as f64);
    if wire.iter().any(|bytes| *bytes > 0.0) {
        let bare = bare(|cost| cost.wire as f64);
        figures.say_median(&format!("{name}: on the wire"), wire, "bytes", bare);
    }
    let welcome = own(|cost| cost.welcome as f64);
    if welcome.iter().any(|bytes| *bytes > 0.0) {
        let bare = bare(|cost| cost.welcome as f64);
        figures.say_median(&format!("{name}: welcome"), welcome, "bytes", bare);
    }
    let records = own(|cost| cost.flushed.records as f64);
    figures.say_median(&format!("{name}: records"), records, "bytes", Vec::new());
    let written = own(|cost| cost.flushed.written as f64);
    figures.say_median(&format!("{name}: written"), written, "bytes", Vec::new());
}
