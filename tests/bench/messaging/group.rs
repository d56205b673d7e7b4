//! A group of so many, ours and a bare one, made once for all operations that are measured on it.

use crate::Outcome;
use crate::bare::{Bare, BareCost, Change, Snapshot};
use crate::disk::{Disk, copy};
use crate::own::{Admitted, Cost, Desk, Device, packages};
use messaging::{ADDED_MAX, Intent, KeyPackage};
use openmls::prelude::KeyPackage as BareKeyPackage;
use std::path::{Path, PathBuf};
use std::time::Instant;

/// Members that speak, at most.
pub(crate) const SENDERS: usize = 8;
/// Messages of a page.
pub(crate) const PAGE: usize = 64;

/// What the message of this number says: so long as messages mostly are.
pub(crate) fn words(number: usize) -> String {
    format!("{number:>8} The assembly meets at seven; bring what you have written about the draft.")
}

/// All of it.
pub(crate) struct Group {
    pub(crate) members: usize,
    /// Those of the members, and as many as are added at once.
    pub(crate) devices: Vec<Device>,
    folder: PathBuf,
    /// For the joiner: member 1, which came with the last commit.
    pub(crate) welcome: Vec<u8>,
    /// What the others said when all were there.
    pub(crate) page: Vec<Vec<u8>>,
    pub(crate) more: Vec<KeyPackage>,
    pub(crate) filled: Cost,
    pub(crate) bare: BareGroup,
}

/// The bare one.
pub(crate) struct BareGroup {
    pub(crate) founder: Snapshot,
    pub(crate) witness: Snapshot,
    pub(crate) joiner: Snapshot,
    pub(crate) welcome: Vec<u8>,
    pub(crate) page: Vec<Vec<u8>>,
    pub(crate) more: Vec<BareKeyPackage>,
    pub(crate) filled: BareCost,
}

/// Whose vault.
#[derive(Clone, Copy)]
pub(crate) enum Who {
    /// Made the group and all its commits.
    Founder,
    /// Member 1, in the group.
    Witness,
    /// Member 1, before it came in.
    Joiner,
}

impl Group {
    /// Makes both; the founder adds everybody, those that speak with the last commit.
    pub(crate) fn make(members: usize, folder: &Path) -> Outcome<Self> {
        let folder = folder.join(format!("messaging-{members}"));
        std::fs::create_dir_all(&folder)?;
        let devices: Vec<Device> = (0..members.saturating_add(ADDED_MAX)).map(Device::new).collect();
        let started = Instant::now();
        let bare = BareGroup::make(members, &devices)?;
        eprintln!(
            "{members} members: bare group, {:.1} s",
            started.elapsed().as_secs_f64()
        );
        let started = Instant::now();
        let roster = admitted(&devices)?;
        let founder = devices.first().ok_or("nobody")?;
        let place = |name: &str| folder.join(name);
        let mut desk = Desk::new(founder, Disk::create(&place("founder"))?);
        let mut filled = desk.create()?;

        let speaking = 1..members.min(SENDERS.saturating_add(1));
        let mut speakers = Vec::new();
        for number in speaking.clone() {
            let device = devices.get(number).ok_or("no such device")?;
            let disk = if number == 1 {
                Disk::create(&place("joiner"))?
            } else {
                Disk::memory()
            };
            let mut desk = Desk::new(device, disk);
            let package = KeyPackage::parse(&desk.key_package()?)?;
            speakers.push((desk, package));
        }
        let silent = devices.get(speaking.end..members).unwrap_or_default();
        let more = devices.get(members..).unwrap_or_default();
        for some in silent.chunks(ADDED_MAX) {
            let (.., cost) = desk.commit(&roster, &adding(packages(some)?))?;
            filled = filled.and(cost);
        }
        let add = speakers.iter().map(|(_, package)| package.clone()).collect();
        let (_, welcome, cost) = desk.commit(&roster, &adding(add))?;
        filled = filled.and(cost);
        let welcome = welcome.ok_or("no welcome")?;

        let mut speakers: Vec<Desk<'_>> = speakers.into_iter().map(|(desk, _)| desk).collect();
        let witness = speakers.first_mut().ok_or("nobody else")?;
        // What lies in the vault before joining is kept for the joiner.
        witness.disk = Disk::memory();
        copy(&place("joiner"), &place("witness"))?;
        witness.disk = Disk::open(&place("witness"))?;
        for desk in &mut speakers {
            desk.join(&roster, &welcome)?;
        }
        // It speaks too, but its vault stays as it was when it came in.
        let witness = speakers.first_mut().ok_or("nobody else")?;
        witness.disk = Disk::memory();
        copy(&place("witness"), &place("speaker"))?;
        witness.disk = Disk::open(&place("speaker"))?;
        let mut page = Vec::new();
        for number in 0..PAGE {
            let turn = number.checked_rem(speakers.len()).unwrap_or_default();
            let desk = speakers.get_mut(turn).ok_or("nobody speaks")?;
            page.push(desk.say(number)?.0);
        }
        let more = packages(more)?;
        eprintln!(
            "{members} members: ours, {:.1} s",
            started.elapsed().as_secs_f64()
        );
        drop((desk, speakers));
        Ok(Self {
            members,
            folder,
            welcome,
            page,
            more,
            filled,
            bare,
            devices,
        })
    }

    /// A copy of a vault as it was when the group was made, opened.
    pub(crate) fn desk(&self, who: Who) -> Outcome<Desk<'_>> {
        let (name, number) = match who {
            Who::Founder => ("founder", 0),
            Who::Witness => ("witness", 1),
            Who::Joiner => ("joiner", 1),
        };
        let copied = self.folder.join("copy");
        copy(&self.folder.join(name), &copied)?;
        let device = self.devices.get(number).ok_or("no such device")?;
        Ok(Desk::new(device, Disk::open(&copied)?))
    }

    /// The bare one, likewise.
    pub(crate) fn bare_desk(&self, who: Who) -> Outcome<Bare<'_>> {
        let (snapshot, number) = match who {
            Who::Founder => (&self.bare.founder, 0),
            Who::Witness => (&self.bare.witness, 1),
            Who::Joiner => (&self.bare.joiner, 1),
        };
        Bare::again(self.devices.get(number).ok_or("no such device")?, snapshot)
    }

    /// A journal that admits everybody but those of these numbers.
    pub(crate) fn roster(&self, without: Option<usize>) -> Outcome<Admitted> {
        let mut roster = admitted(&self.devices)?;
        if let Some(gone) = without.and_then(|number| self.devices.get(number)) {
            roster.0.remove(&gone.member()?);
        }
        Ok(roster)
    }
}

impl Drop for Group {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.folder);
    }
}

pub(crate) fn adding(add: Vec<KeyPackage>) -> Intent {
    Intent {
        add,
        ..Intent::default()
    }
}

pub(crate) fn admitted(devices: &[Device]) -> Outcome<Admitted> {
    let members = devices.iter().map(Device::member);
    Ok(Admitted(members.collect::<Outcome<_>>()?))
}

impl BareGroup {
    fn make(members: usize, devices: &[Device]) -> Outcome<Self> {
        let mut desk = Bare::new(devices.first().ok_or("nobody")?)?;
        let mut filled = desk.create()?;
        let mut fill = |desk: &mut Bare<'_>, packages: &[BareKeyPackage]| {
            let (_, welcome, cost) = desk.commit(&Change::Add(packages))?;
            filled.work = filled.work.and(cost.work);
            filled.wire = filled.wire.saturating_add(cost.wire);
            filled.welcome = filled.welcome.saturating_add(cost.welcome);
            Ok::<_, Box<dyn std::error::Error>>(welcome.ok_or("no welcome")?)
        };
        let packages = |devices: &[Device]| -> Outcome<Vec<BareKeyPackage>> {
            let made = devices.iter().map(|device| Bare::new(device)?.key_package());
            made.collect()
        };
        let first_silent = members.min(SENDERS.saturating_add(1));
        let mut speakers = Vec::new();
        for device in devices.get(1..first_silent).unwrap_or_default() {
            speakers.push(Bare::new(device)?);
        }
        let add: Vec<_> = speakers.iter().map(Bare::key_package).collect::<Outcome<_>>()?;
        let joiner = speakers.first().ok_or("nobody else")?.snapshot()?;
        for some in devices
            .get(first_silent..members)
            .unwrap_or_default()
            .chunks(ADDED_MAX)
        {
            fill(&mut desk, &packages(some)?)?;
        }
        let welcome = fill(&mut desk, &add)?;
        for speaker in &mut speakers {
            speaker.join(&welcome)?;
        }
        if desk.members()? != members {
            return Err("somebody is missing".into());
        }
        let witness = speakers.first().ok_or("nobody else")?.snapshot()?;
        let mut page = Vec::new();
        for number in 0..PAGE {
            let turn = number.checked_rem(speakers.len()).unwrap_or_default();
            let speaker = speakers.get_mut(turn).ok_or("nobody speaks")?;
            page.push(speaker.say(number)?.0);
        }
        Ok(Self {
            founder: desk.snapshot()?,
            witness,
            joiner,
            welcome,
            page,
            more: packages(devices.get(members..).unwrap_or_default())?,
            filled,
        })
    }
}
