//! A link: everything one member has to do with one relay, kept apart by what it is about.

use crate::carrier::{Carrier, Circuit};
use crate::connect::{Timeouts, connect, open};
use crate::error::TransportError;
use crate::session::Session;
use crate::watch::Watch;
use primitives::LogId;
use relay_api::{Call, RelayAddress, RelayKeys, Reply};
use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

/// Idle connections kept for each purpose.
const IDLE_MAX: usize = 2;

/// What a connection is about. Calls of different isolation never share a connection, nor, behind a proxy, a
/// circuit; behind a proxy every log has a circuit of its own besides.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Isolation {
    /// Journals and what belongs to them.
    Journal,
    /// Conversations.
    Conversation,
    /// The own inbox, and posting to others'.
    Inbox,
    /// Casting one ballot: a fresh connection over a fresh circuit, used for one call and closed.
    Casting,
}

/// What shares a connection.
type Line = (Isolation, Option<LogId>);

/// The way to one relay. Cheap; one for each relay and carrier, shared by reference.
#[derive(Debug)]
pub struct Link {
    address: RelayAddress,
    carrier: Carrier,
    timeouts: Timeouts,
    circuit: Circuit,
    idle: Mutex<HashMap<Line, Vec<Session>>>,
}

impl Link {
    /// A link with nothing open yet. Its circuits are those of no other link.
    ///
    /// # Errors
    /// [`TransportError`] if the system has no randomness.
    pub fn new(address: RelayAddress, carrier: Carrier, timeouts: Timeouts) -> Result<Self, TransportError> {
        Ok(Self {
            address,
            carrier,
            timeouts,
            circuit: Circuit::fresh()?,
            idle: Mutex::default(),
        })
    }

    /// Where it leads.
    #[must_use]
    pub const fn address(&self) -> &RelayAddress {
        &self.address
    }

    /// Makes one call over an idle connection of its isolation, or a new one. A connection that turns out to have
    /// died idle is replaced once.
    ///
    /// # Errors
    /// [`TransportError`].
    pub async fn call(&self, isolation: Isolation, call: &Call) -> Result<Reply, TransportError> {
        if isolation == Isolation::Casting {
            return self.connect(&Circuit::fresh()?).await?.call(call).await;
        }
        let line = self.line(isolation, call.log());
        if let Some(mut session) = self.take(&line) {
            match session.call(call).await {
                Err(TransportError::Closed) => {}
                result => return self.give_back(line, session, result),
            }
        }
        let mut session = self.connect(&self.circuit_of(&line)).await?;
        let result = session.call(call).await;
        self.give_back(line, session, result)
    }

    /// The relay's verified keys, among them the one that opens its checkpoints.
    ///
    /// # Errors
    /// [`TransportError`].
    pub async fn keys(&self, isolation: Isolation) -> Result<RelayKeys, TransportError> {
        self.connect(&self.circuit_of(&self.line(isolation, None)))
            .await?
            .keys()
            .await
    }

    /// Starts a watch on a connection of its own. Behind a proxy, watch one log (or logs that belong together
    /// anyway) with each: `about` names the circuit.
    ///
    /// # Errors
    /// [`TransportError`].
    pub async fn watch(&self, isolation: Isolation, about: Option<LogId>) -> Result<Watch, TransportError> {
        let circuit = self.circuit_of(&self.line(isolation, about));
        let (wire, host) = open(&self.address, &self.carrier, &circuit, &self.timeouts).await?;
        Watch::over(wire, host, self.timeouts).await
    }

    /// Closes every idle connection, for a change of network or before suspending.
    pub fn close_idle(&self) {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner).clear();
    }

    async fn connect(&self, circuit: &Circuit) -> Result<Session, TransportError> {
        connect(&self.address, &self.carrier, circuit, &self.timeouts).await
    }

    /// Without a proxy the relay sees one address anyway: logs of one isolation share connections.
    fn line(&self, isolation: Isolation, log: Option<LogId>) -> Line {
        (isolation, log.filter(|_| self.carrier != Carrier::Direct))
    }

    fn circuit_of(&self, (isolation, log): &Line) -> Circuit {
        let log = log.map_or_else(Vec::new, |log| log.as_bytes().to_vec());
        self.circuit
            .branch(&[&[*isolation as u8], log.as_slice()].concat())
    }

    fn take(&self, line: &Line) -> Option<Session> {
        let mut idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner);
        let sessions = idle.get_mut(line)?;
        sessions.retain(Session::is_open);
        sessions.pop()
    }

    fn give_back(
        &self,
        line: Line,
        session: Session,
        result: Result<Reply, TransportError>,
    ) -> Result<Reply, TransportError> {
        if matches!(result, Ok(_) | Err(TransportError::Problem(_))) && session.is_open() {
            let mut idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner);
            let sessions = idle.entry(line).or_default();
            if sessions.len() < IDLE_MAX {
                sessions.push(session);
            }
        }
        result
    }
}
