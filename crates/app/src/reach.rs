//! The way to the relay, in the client's terms: its lanes as the transport's isolation, and what went wrong by fault.

use client::Destination;
use client::effects::{CallError, Lane};
use client::views::Carrier;
use primitives::signed::Unverified;
use relay_api::{Call, Reply};
use std::sync::Arc;
use std::time::Duration;
use tokio::time::timeout;
use transport::{Isolation, Link, Timeouts, TransportError};

/// However slowly bytes trickle, a call ends after this; the transport's own limits end most of them far earlier.
const CALL_MAX: Duration = Duration::from_secs(300);

/// Where calls go; `None` while there is no relay, or no usable way to it.
pub(crate) type Goal = Option<Arc<Way>>;

/// A way to a relay.
#[derive(Debug)]
pub(crate) struct Way {
    /// Its connections.
    pub(crate) link: Link,
    /// Whether a proxy lies between, so that the relay does not see whose connections belong together.
    pub(crate) proxied: bool,
}

/// The way to `destination`. Nothing is connected yet.
///
/// # Errors
/// [`TransportError::Proxy`] if the proxy's address is none: it never means that there is no proxy.
pub(crate) fn way(destination: Destination) -> Result<Way, TransportError> {
    let carrier = match destination.carrier {
        Carrier::Direct => transport::Carrier::Direct,
        Carrier::Socks5 { address } => {
            let proxy = address
                .parse()
                .map_err(|_| TransportError::Proxy(format!("'{address}' is no host:port")))?;
            transport::Carrier::Socks5(proxy)
        }
    };
    let proxied = carrier != transport::Carrier::Direct;
    Ok(Way {
        link: Link::new(destination.address, carrier, Timeouts::default())?,
        proxied,
    })
}

/// Puts one call and waits for its answer, for a bounded time.
pub(crate) async fn call(goal: Goal, lane: Lane, call: &Call) -> Result<Reply, CallError> {
    let way = goal.ok_or(CallError::Unreachable)?;
    match timeout(CALL_MAX, way.link.call(isolation(lane), call)).await {
        Ok(result) => result.map_err(by_fault),
        Err(_) => Err(CallError::Unreachable),
    }
}

/// The keys of the relay at `destination`, which no assembly of ours is on yet.
pub(crate) async fn keys(destination: Destination) -> Result<Unverified, TransportError> {
    let way = way(destination)?;
    match timeout(CALL_MAX, way.link.call(Isolation::Journal, &Call::Keys)).await {
        Ok(Ok(Reply::Keys(keys))) => Ok(keys),
        Ok(Ok(_)) => Err(TransportError::Nonsense(
            "the answer to another question".to_owned(),
        )),
        Ok(Err(error)) => Err(error),
        Err(_) => Err(TransportError::Timeout("asking for the relay's keys")),
    }
}

pub(crate) const fn isolation(lane: Lane) -> Isolation {
    match lane {
        Lane::Journal => Isolation::Journal,
        Lane::Conversations | Lane::Attachments => Isolation::Conversation,
        Lane::Inbox => Isolation::Inbox,
        Lane::Casting => Isolation::Casting,
    }
}

fn by_fault(error: TransportError) -> CallError {
    match error {
        TransportError::WrongRelay => CallError::WrongRelay,
        TransportError::Nonsense(_) => CallError::Nonsense,
        TransportError::Problem(problem) => CallError::Problem(problem),
        _ => CallError::Unreachable,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_unusable_proxy_never_means_a_direct_connection() {
        let address = format!("veche-relay://{}@127.0.0.1:1", "a".repeat(52))
            .parse()
            .unwrap();
        let carrier = Carrier::Socks5 {
            address: "nowhere".into(),
        };
        assert!(matches!(
            way(Destination { address, carrier }),
            Err(TransportError::Proxy(_))
        ));
    }
}
