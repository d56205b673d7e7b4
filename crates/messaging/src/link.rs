//! Links that people carry from one device to another: a prefix, canonical bytes, a checksum.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use primitives::canonical::sha256;
use zeroize::Zeroizing;

pub(crate) const INVITATION: &str = "veche:join/";
pub(crate) const DEVICE: &str = "veche:device/";
const CHECKSUM_LEN: usize = 4;
const LINK_CHARS_MAX: usize = 4096;

/// A text that is not the link that is wanted (MSG-15).
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum BadLink {
    /// It does not look like one.
    #[error("this is not a link of the kind that is needed here")]
    NotALink,
    /// It is one, for a further device of somebody who is a member already.
    #[error("this link is for a further device of a member: choose that instead")]
    ForADevice,
    /// It is one, for somebody who is to become a member.
    #[error("this link is an invitation for a new member: choose that instead")]
    ForAMember,
    /// It was damaged on the way.
    #[error("the link is damaged: copy it again, whole")]
    Mangled,
    /// A newer program made it.
    #[error("the link is of a newer version: update first")]
    Newer,
    /// Its content is none.
    #[error("the link is malformed")]
    Malformed,
}

/// The link with this content.
pub(crate) fn to_link(prefix: &str, mut bytes: Zeroizing<Vec<u8>>) -> Zeroizing<String> {
    let checksum = checksum(&bytes);
    bytes.extend_from_slice(&checksum);
    Zeroizing::new(format!("{prefix}{}", URL_SAFE_NO_PAD.encode(bytes.as_slice())))
}

/// The content of a link, an array whose first element is `version`; white space anywhere in it is ignored.
///
/// # Errors
/// [`BadLink`].
pub(crate) fn read_link(prefix: &str, version: u8, text: &str) -> Result<Zeroizing<Vec<u8>>, BadLink> {
    if text.len() > LINK_CHARS_MAX {
        return Err(BadLink::NotALink);
    }
    let text: Zeroizing<String> = Zeroizing::new(text.chars().filter(|c| !c.is_whitespace()).collect());
    let body = text.strip_prefix(prefix).ok_or(match text.as_str() {
        other if other.starts_with(DEVICE) => BadLink::ForADevice,
        other if other.starts_with(INVITATION) => BadLink::ForAMember,
        _ => BadLink::NotALink,
    })?;
    let mut bytes = URL_SAFE_NO_PAD
        .decode(body)
        .map(Zeroizing::new)
        .map_err(|_| BadLink::Mangled)?;
    let (content, sum) = bytes.split_last_chunk::<CHECKSUM_LEN>().ok_or(BadLink::Mangled)?;
    if checksum(content) != *sum {
        return Err(BadLink::Mangled);
    }
    if content.get(1).is_none_or(|found| *found != version) {
        return Err(BadLink::Newer);
    }
    let len = content.len();
    bytes.truncate(len);
    Ok(bytes)
}

fn checksum(bytes: &[u8]) -> [u8; CHECKSUM_LEN] {
    sha256(bytes)
        .as_bytes()
        .first_chunk()
        .copied()
        .unwrap_or_default()
}
