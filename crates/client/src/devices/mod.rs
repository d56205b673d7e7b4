//! Several devices of one member.
//!
//! The first device holds the identity key, the ballot keys and the trustees' shares; it certifies the others and revokes
//! them. A further one comes in by a link (`first`, `further`), is then a device like any other, and is brought by its own
//! member's devices into every conversation that they are in. What was said before goes after it (`history`), and how far one
//! has read is told among them in a conversation of their own (`marks`). Whenever a
//! device has come, the others say so until their user has seen it (`newly`).

mod first;
mod further;
mod history;
mod listing;
mod marks;
mod newly;
mod records;

pub(crate) use newly::NewDevice;
pub(crate) use records::{LinkState, Linking};

use crate::machine::Failed;
use crate::requests::{Refusal, RefusalCode};
use crate::state::LogRole;
use crate::step::{Step, StepError};
use messaging::Linked;
use primitives::LogId;
use tlog::Entry;

impl Step<'_> {
    /// Whether this is the first device of one's own seat.
    pub(crate) fn is_first_device(&self) -> bool {
        let own = self.state.member.as_ref().map(|member| member.device_key());
        own.is_some_and(|key| {
            self.own_seat()
                .is_ok_and(|seat| seat.is_first_device(&key.verifying_key()))
        })
    }

    /// The own seat, if this is its first device.
    pub(crate) fn first_device_seat(&self) -> Result<assembly::Seat, Refusal> {
        let seat = self.own_seat()?;
        if self.is_first_device() {
            Ok(seat)
        } else {
            Err(Refusal::new(
                RefusalCode::NotFirstDevice,
                "only the first device of a seat does this; go on there",
            ))
        }
    }

    /// An entry of a link's log, on either side of it. `false`: it has to wait.
    pub(crate) fn link_entry(&mut self, log: LogId, entry: &Entry, own: bool) -> Result<bool, StepError> {
        if self.linking(log).is_some() {
            return self.answer_came(log, entry, own);
        }
        if !own {
            self.link_used(log, entry)?;
        }
        Ok(true)
    }

    /// What an entry, or the message behind the pieces that it names, says.
    ///
    /// Anybody who has the link may name pieces that are nowhere: only the history is large enough to be in pieces, and what
    /// the relay does not have is not waited for long, for it is there before the entry that names it.
    fn read_linked(
        &mut self,
        log: LogId,
        link: &messaging::DeviceLink,
        entry: &Entry,
    ) -> Result<ReadLinked, StepError> {
        let linked = match messaging::open_linked(link, &entry.bytes) {
            Ok(Linked::Pieces(_)) if !self.linking(log).is_some_and(|linking| linking.certified) => {
                return Ok(ReadLinked::Skipped);
            }
            Ok(Linked::Pieces(list)) => match self.pieces(log, &list)? {
                Some(bytes) => Linked::parse(&bytes),
                None if self.is_nowhere(&list) => return Ok(ReadLinked::Skipped),
                None => return Ok(ReadLinked::Waits),
            },
            other => other,
        };
        Ok(linked.map_or(ReadLinked::Skipped, ReadLinked::Says))
    }

    pub(crate) const fn link_role(assembly: primitives::AssemblyId) -> LogRole {
        LogRole::Link { assembly }
    }
}

/// An entry of a link's log, as far as it is here.
enum ReadLinked {
    /// Its pieces are not here yet.
    Waits,
    /// It breaks a rule.
    Skipped,
    Says(Linked),
}

/// A refusal about a link for a device.
fn bad_link(bad: messaging::BadLink) -> Failed {
    crate::joining::link_refusal(bad).into()
}
