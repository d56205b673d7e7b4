//! The same with nothing but OpenMLS: its memory storage, the group in memory between calls, nothing wrapped, no roster asked,
//! nothing written to a disk.

use crate::Outcome;
use crate::clock::{Clock, Lap};
use crate::own::Device;
use openmls::prelude::*;
use openmls_libcrux_crypto::Provider;
use std::collections::HashMap;
use tls_codec::Serialize as _;

const CIPHERSUITE: Ciphersuite = Ciphersuite::MLS_256_XWING_CHACHA20POLY1305_SHA256_Ed25519;
const HERE: [u8; 32] = [0xc0; 32];
/// As long as ours.
const CREDENTIAL_LEN: usize = 250;

/// What a storage held.
pub(crate) type Snapshot = HashMap<Vec<u8>, Vec<u8>>;

/// One device.
pub(crate) struct Bare<'a> {
    device: &'a Device,
    provider: Provider,
    group: Option<MlsGroup>,
}

/// What an operation took.
#[derive(Clone, Copy, Default)]
pub(crate) struct BareCost {
    pub(crate) work: Lap,
    pub(crate) wire: usize,
    pub(crate) welcome: usize,
}

/// A commit to make.
pub(crate) enum Change<'k> {
    Add(&'k [KeyPackage]),
    Remove(u32),
    Update,
}

fn ratchet() -> SenderRatchetConfiguration {
    SenderRatchetConfiguration::new(32, 2000)
}

impl<'a> Bare<'a> {
    pub(crate) fn new(device: &'a Device) -> Outcome<Self> {
        Ok(Self {
            device,
            provider: Provider::new().map_err(|error| format!("{error:?}"))?,
            group: None,
        })
    }

    /// As it was when the snapshot was taken, with the group in memory.
    pub(crate) fn again(device: &'a Device, snapshot: &Snapshot) -> Outcome<Self> {
        let mut bare = Self::new(device)?;
        let values = &bare.provider.storage().values;
        *values.write().map_err(|_| "poisoned")? = snapshot.clone();
        bare.group = MlsGroup::load(bare.provider.storage(), &GroupId::from_slice(&HERE))?;
        Ok(bare)
    }

    pub(crate) fn snapshot(&self) -> Outcome<Snapshot> {
        let values = self.provider.storage().values.read();
        Ok(values.map_err(|_| "poisoned")?.clone())
    }

    fn credential(&self) -> Outcome<CredentialWithKey> {
        let key = self.device.member()?.device;
        Ok(CredentialWithKey {
            credential: BasicCredential::new(vec![7; CREDENTIAL_LEN]).into(),
            signature_key: SignaturePublicKey::from(key.as_bytes().as_slice()),
        })
    }

    fn group(&mut self) -> Outcome<&mut MlsGroup> {
        Ok(self.group.as_mut().ok_or("no group")?)
    }

    pub(crate) fn create(&mut self) -> Outcome<BareCost> {
        let credential = self.credential()?;
        let own = self.device.own()?;
        let mut clock = Clock::start();
        let config = MlsGroupCreateConfig::builder()
            .ciphersuite(CIPHERSUITE)
            .wire_format_policy(PURE_CIPHERTEXT_WIRE_FORMAT_POLICY)
            .max_past_epochs(1)
            .use_ratchet_tree_extension(true)
            .sender_ratchet_configuration(ratchet())
            .build();
        let group = MlsGroup::new_with_group_id(
            &self.provider,
            &own,
            &config,
            GroupId::from_slice(&HERE),
            credential,
        )?;
        let work = clock.lap();
        self.group = Some(group);
        Ok(BareCost {
            work,
            ..BareCost::default()
        })
    }

    pub(crate) fn key_package(&self) -> Outcome<KeyPackage> {
        let bundle = KeyPackage::builder().build(
            CIPHERSUITE,
            &self.provider,
            &self.device.own()?,
            self.credential()?,
        )?;
        Ok(bundle.key_package().clone())
    }

    /// Makes a commit and merges it; gives it, and its Welcome.
    pub(crate) fn commit(&mut self, change: &Change<'_>) -> Outcome<(Vec<u8>, Option<Vec<u8>>, BareCost)> {
        let own = self.device.own()?;
        let group = self.group.as_mut().ok_or("no group")?;
        let mut clock = Clock::start();
        let (commit, welcome) = match change {
            Change::Add(packages) => {
                let (commit, welcome, _) =
                    group.add_members_without_update(&self.provider, &own, packages)?;
                (commit, Some(welcome))
            }
            Change::Remove(leaf) => {
                let (commit, welcome, _) =
                    group.remove_members(&self.provider, &own, &[LeafNodeIndex::new(*leaf)])?;
                (commit, welcome)
            }
            Change::Update => {
                let bundle = group.self_update(&self.provider, &own, LeafNodeParameters::default())?;
                let (commit, welcome, _) = bundle.into_messages();
                (commit, welcome)
            }
        };
        let commit = commit.tls_serialize_detached()?;
        let welcome = welcome
            .map(|welcome| welcome.tls_serialize_detached())
            .transpose()?;
        group.merge_pending_commit(&self.provider)?;
        let cost = BareCost {
            work: clock.lap(),
            wire: commit.len(),
            welcome: welcome.as_ref().map_or(0, Vec::len),
        };
        Ok((commit, welcome, cost))
    }

    pub(crate) fn follow(&mut self, commit: &[u8]) -> Outcome<BareCost> {
        let group = self.group.as_mut().ok_or("no group")?;
        let mut clock = Clock::start();
        let processed = group.process_message(&self.provider, parse(commit)?)?;
        let ProcessedMessageContent::StagedCommitMessage(staged) = processed.into_content() else {
            return Err("not a commit".into());
        };
        group.merge_staged_commit(&self.provider, *staged)?;
        Ok(BareCost {
            work: clock.lap(),
            ..BareCost::default()
        })
    }

    /// Takes messages, one after the other.
    pub(crate) fn page(&mut self, messages: &[Vec<u8>]) -> Outcome<BareCost> {
        let group = self.group.as_mut().ok_or("no group")?;
        let mut clock = Clock::start();
        for message in messages {
            let processed = group.process_message(&self.provider, parse(message)?)?;
            let ProcessedMessageContent::ApplicationMessage(message) = processed.into_content() else {
                return Err("not a message".into());
            };
            std::hint::black_box(message.into_bytes());
        }
        Ok(BareCost {
            work: clock.lap(),
            ..BareCost::default()
        })
    }

    pub(crate) fn join(&mut self, welcome: &[u8]) -> Outcome<BareCost> {
        let config = MlsGroupJoinConfig::builder()
            .wire_format_policy(PURE_CIPHERTEXT_WIRE_FORMAT_POLICY)
            .max_past_epochs(1)
            .use_ratchet_tree_extension(true)
            .sender_ratchet_configuration(ratchet())
            .build();
        let mut clock = Clock::start();
        let message = MlsMessageIn::tls_deserialize_exact_bytes(welcome)?;
        let MlsMessageBodyIn::Welcome(welcome) = message.extract() else {
            return Err("not a welcome".into());
        };
        let staged = StagedWelcome::new_from_welcome(&self.provider, &config, welcome, None)?;
        let group = staged.into_group(&self.provider)?;
        let work = clock.lap();
        self.group = Some(group);
        Ok(BareCost {
            work,
            ..BareCost::default()
        })
    }

    /// Says something of the length that ours has.
    pub(crate) fn say(&mut self, number: usize) -> Outcome<(Vec<u8>, BareCost)> {
        let own = self.device.own()?;
        let words = crate::group::words(number);
        let content = [[7; 48].as_slice(), words.as_bytes()].concat();
        let group = self.group.as_mut().ok_or("no group")?;
        let mut clock = Clock::start();
        let message = group.create_message(&self.provider, &own, &content)?;
        let message = message.tls_serialize_detached()?;
        let cost = BareCost {
            work: clock.lap(),
            wire: message.len(),
            ..BareCost::default()
        };
        Ok((message, cost))
    }

    pub(crate) fn members(&mut self) -> Outcome<usize> {
        Ok(self.group()?.members().count())
    }
}

fn parse(bytes: &[u8]) -> Outcome<ProtocolMessage> {
    let message = MlsMessageIn::tls_deserialize_exact_bytes(bytes)?;
    match message.extract() {
        MlsMessageBodyIn::PrivateMessage(message) => Ok(message.into()),
        _ => Err("not a private message".into()),
    }
}
