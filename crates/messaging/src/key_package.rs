//! Key packages: how a device is put into a group while it is away.

use crate::credential::{BadCredential, Member, OwnDevice, member_of};
use crate::provider::{CIPHERSUITE, NoRandomness, Provider, crypto};
use crate::records::{DamagedRecord, Records, slot};
use openmls::prelude::{
    Capabilities, CredentialType, ExtensionType, Extensions, KeyPackage as MlsKeyPackage, KeyPackageIn,
    Lifetime, ProtocolVersion,
};
use primitives::canonical::sha256;
use primitives::store::{Record, Store};
use primitives::{Hash, Overlay, Purpose, StoreError, Table};
use tls_codec::{DeserializeBytes as _, Serialize as _};

/// Private halves of this device's key packages, by the hash of their reference.
pub(crate) const KEY_PACKAGES: Table = Table("mls-key-packages");

/// Most bytes of a key package.
const KEY_PACKAGE_BYTES_MAX: usize = 8 << 10;
/// Most key packages that wait for a Welcome at one time.
const WAITING_MAX: usize = 256;

/// Somebody's key package, verified: signatures, ciphersuite, credential (MSG-07).
#[derive(Debug, Clone)]
pub struct KeyPackage {
    mls: MlsKeyPackage,
    member: Member,
}

/// A key package that cannot be used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum BadKeyPackage {
    /// Not a key package of the one ciphersuite, or a signature in it does not verify.
    #[error("the key package is malformed")]
    Malformed,
    /// Its credential is refused.
    #[error(transparent)]
    Credential(#[from] BadCredential),
    /// The crypto provider cannot be set up.
    #[error(transparent)]
    NoRandomness(#[from] NoRandomness),
}

/// A key package that could not be made.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum NewKeyPackageError {
    /// No randomness.
    #[error(transparent)]
    NoRandomness(#[from] NoRandomness),
    /// OpenMLS refused; should not happen.
    #[error("the key package could not be made")]
    Library,
}

impl KeyPackage {
    /// Reads and verifies a key package.
    ///
    /// # Errors
    /// [`BadKeyPackage`].
    pub fn parse(bytes: &[u8]) -> Result<Self, BadKeyPackage> {
        if bytes.len() > KEY_PACKAGE_BYTES_MAX {
            return Err(BadKeyPackage::Malformed);
        }
        let unverified =
            KeyPackageIn::tls_deserialize_exact_bytes(bytes).map_err(|_| BadKeyPackage::Malformed)?;
        let mls = unverified
            .validate(&crypto()?, ProtocolVersion::Mls10)
            .map_err(|_| BadKeyPackage::Malformed)?;
        if mls.ciphersuite() != CIPHERSUITE {
            return Err(BadKeyPackage::Malformed);
        }
        let leaf = mls.leaf_node();
        let member = member_of(leaf.credential(), leaf.signature_key().as_slice())?;
        Ok(Self { mls, member })
    }

    /// Whose it is.
    #[must_use]
    pub fn member(&self) -> Member {
        self.member
    }

    /// Its name: SHA-256 of its bytes.
    pub(crate) fn hash(&self) -> Option<Hash> {
        package_hash(&self.mls)
    }

    pub(crate) fn mls(&self) -> &MlsKeyPackage {
        &self.mls
    }
}

/// SHA-256 of a key package's bytes.
pub(crate) fn package_hash(package: &MlsKeyPackage) -> Option<Hash> {
    package.tls_serialize_detached().ok().map(|bytes| sha256(&bytes))
}

/// Makes a key package of `device` and writes its private half to `overlay`; gives its bytes (2.7 KB) out.
///
/// A last-resort package can be used more than once and stays until [`forget_key_packages`]; its receiver updates
/// its leaf at once after joining by it.
///
/// # Errors
/// [`NewKeyPackageError`].
pub fn new_key_package<S: Store + ?Sized>(
    overlay: &mut Overlay<'_, S>,
    device: &OwnDevice<'_>,
    last_resort: bool,
) -> Result<Vec<u8>, NewKeyPackageError> {
    let provider = Provider::new(Records::default())?;
    let builder = MlsKeyPackage::builder()
        .key_package_lifetime(unbounded())
        .leaf_node_capabilities(capabilities())
        .key_package_extensions(Extensions::empty());
    let builder = if last_resort {
        builder.mark_as_last_resort()
    } else {
        builder
    };
    let bundle = builder
        .build(CIPHERSUITE, &provider, device, device.credential())
        .map_err(|_| NewKeyPackageError::Library)?;
    for (name, value) in provider.records().take_changes() {
        if let Some(value) = value {
            overlay.put_for(purpose(&name), KEY_PACKAGES, name, value.to_vec());
        }
    }
    bundle
        .key_package()
        .tls_serialize_detached()
        .map_err(|_| NewKeyPackageError::Library)
}

/// Destroys the private halves of all this device's key packages (the device left, or its packages are voided).
///
/// # Errors
/// [`StoreError`].
pub fn forget_key_packages<S: Store + ?Sized>(overlay: &mut Overlay<'_, S>) -> Result<(), StoreError> {
    for (name, _) in waiting(overlay)? {
        overlay.burn(purpose(&name));
        overlay.delete(KEY_PACKAGES, name);
    }
    Ok(())
}

/// Destroys the private half of one of this device's key packages, given by its bytes: a last-resort one that has been
/// renewed.
///
/// # Errors
/// [`BadKeyPackage`] if these bytes are none.
pub fn forget_key_package<S: Store + ?Sized>(
    overlay: &mut Overlay<'_, S>,
    bytes: &[u8],
) -> Result<(), BadKeyPackage> {
    let package = KeyPackage::parse(bytes)?;
    let reference = package
        .mls()
        .hash_ref(&crypto()?)
        .map_err(|_| BadKeyPackage::Malformed)?;
    let name = crate::records::key_package_name(&reference).ok_or(BadKeyPackage::Malformed)?;
    destroy(overlay, name);
    Ok(())
}

/// The private halves that wait for a Welcome, as records.
pub(crate) fn waiting<S: Store + ?Sized>(overlay: &Overlay<'_, S>) -> Result<Vec<Record>, StoreError> {
    overlay.scan(KEY_PACKAGES, &[slot::KEY_PACKAGE], &[], WAITING_MAX)
}

/// Destroys a private half that a Welcome has used up.
pub(crate) fn destroy<S: Store + ?Sized>(overlay: &mut Overlay<'_, S>, name: Vec<u8>) {
    overlay.burn(purpose(&name));
    overlay.delete(KEY_PACKAGES, name);
}

fn purpose(name: &[u8]) -> Purpose {
    Purpose::burnable([b"mls-kp/".as_slice(), name].concat())
}

/// Leaves live for ever for MLS: expiry is ours and judged by log times, never by this machine's clock.
pub(crate) fn unbounded() -> Lifetime {
    Lifetime::init(0, u64::MAX)
}

pub(crate) fn capabilities() -> Capabilities {
    Capabilities::builder()
        .versions(vec![ProtocolVersion::Mls10])
        .ciphersuites(vec![CIPHERSUITE])
        .extensions(vec![ExtensionType::LastResort])
        .proposals(Vec::new())
        .credentials(vec![CredentialType::Basic])
        .build()
}

impl From<DamagedRecord> for StoreError {
    fn from(_: DamagedRecord) -> Self {
        Self::Damaged {
            table: KEY_PACKAGES.0,
        }
    }
}
