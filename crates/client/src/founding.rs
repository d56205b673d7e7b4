//! Founding an assembly: one's own keys, the plenary, the journal and its first statement.

use crate::commands::bad;
use crate::keyring::export_journal_key;
use crate::machine::Failed;
use crate::requests::{Answer, CharterChanges, Refusal, RefusalCode};
use crate::state::{Content, Member, Seed};
use crate::step::messaging_error;
use crate::step::{Step, StepError};
use crate::tables;
use crate::voting::choice::journal_ties;
use assembly::AnnouncedKey;
use assembly::{Body, Candidate, Charter, Founded, NameOpening, SealedEntry, Statement};
use messaging::{Conversation, JournalPoint};
use primitives::canonical::encode;
use primitives::device::DeviceCertificate;
use primitives::{AssemblyId, ConversationId, Hash, SeatNumber, SigningSecret};
use relay_api::RelayAddress;

/// The journal key that a founding makes.
pub(crate) const FIRST_JOURNAL_KEY: u32 = 1;
/// A founding statement waits for its relay so long.
const FOUNDING_EXPIRES_MS: u64 = 24 * 3_600_000;

impl Step<'_> {
    /// Founds an assembly: keys, plenary, journal, and the founding statement as its first entry.
    pub(crate) fn found(
        &mut self,
        name: String,
        declaration: String,
        relay: String,
        member_name: String,
        changes: &CharterChanges,
    ) -> Result<Answer, Failed> {
        self.refuse_second_assembly()?;
        let address: RelayAddress = relay.parse().map_err(|_| {
            Refusal::new(
                RefusalCode::BadRelayAddress,
                "the relay's address line cannot be read; ask its operator for it again",
            )
        })?;
        let known = self
            .state
            .volatile
            .relay_known
            .clone()
            .filter(|(line, _)| *line == relay);
        let Some((_, relay_keys)) = known else {
            return Err(Refusal::new(
                RefusalCode::RelayUnreachable,
                "the relay has not answered; try again",
            )
            .into());
        };
        let charter = charter_with(changes)?;
        let mut member = self.new_member(member_name, relay, AssemblyId::new([0; 32]), name.clone())?;
        member.relay_keys = Some(relay_keys.clone());
        let device = member.device()?;
        let own = device.own()?;
        let conversation_id = ConversationId::new(self.random());
        let start = JournalPoint {
            size: 0,
            root: tlog::empty_root(),
        };
        let conversation = Conversation::create(conversation_id, &own, start).map_err(messaging_error)?;
        let journal_key = export_journal_key(&conversation)?;
        let record = assembly::keys::journal_record(&journal_key);
        let founded = Founded {
            name,
            declaration,
            charter,
            relay: address.relay,
            relay_address: RelayAddress {
                token: None,
                ..address.clone()
            }
            .to_string(),
            relay_keys,
            journal: record.id(),
            journal_key: AnnouncedKey::of(FIRST_JOURNAL_KEY, &journal_key),
            founder: Candidate {
                role: assembly::Role::Deputy,
                name: name_commitment(&member.name_opening)?,
                certificate: member.certificate()?,
            },
            version: assembly::VERSION,
        };
        let body = Body::Founded { founded };
        let expires = self.now.after(FOUNDING_EXPIRES_MS);
        let statement = Statement::new(
            AssemblyId::new([0; 32]),
            SeatNumber(1),
            device.key().verifying_key(),
            None,
            expires,
            &body,
        )
        .sign(device.key());
        member.assembly = assembly::statement::assembly_id(statement.bytes());
        member.plenary = Some(conversation_id);
        let assembly_id = member.assembly;
        let entry = SealedEntry::seal(
            FIRST_JOURNAL_KEY,
            self.log_day(),
            &journal_key,
            &encode(statement.unverified()),
            &member.name_opening,
            self.rng,
        )
        .map_err(|_| bad("the declaration is too long"))?;
        let id = assembly::statement::statement_id(statement.bytes());
        self.state.member = Some(member);
        self.save_member();
        self.learn_journal_key(FIRST_JOURNAL_KEY, journal_key);
        let journal = self.follow_journal(FIRST_JOURNAL_KEY, record)?;
        self.post(
            journal,
            entry.to_bytes(),
            Content::Statement { id },
            self.now,
            None,
        );
        self.begin_conversation(conversation, 0)?;
        self.effects.push(crate::effects::Effect::Reconnect);
        Ok(Answer::Founded {
            assembly: assembly_id.to_string(),
        })
    }

    pub(crate) fn new_member(
        &mut self,
        name: String,
        relay: String,
        assembly: AssemblyId,
        assembly_name: String,
    ) -> Result<Member, Failed> {
        let identity_seed = self.secret();
        let identity = SigningSecret::from_seed(&identity_seed);
        let device_seed = self.secret();
        let device = SigningSecret::from_seed(&device_seed);
        let sealing = self.secret();
        let sealing_key = x25519_dalek::PublicKey::from(&x25519_dalek::StaticSecret::from(*sealing.expose()));
        let certificate = DeviceCertificate::issue(
            &identity,
            device.verifying_key(),
            sealing_key.to_bytes(),
            self.now,
        );
        let opening = NameOpening::new(name.clone(), self.rng).ok_or_else(|| bad("the name is too long"))?;
        Ok(Member {
            identity: Some(Seed::new(identity_seed)),
            device: Seed::new(device_seed),
            sealing: Seed::new(sealing),
            certificate: Some(certificate.unverified().clone()),
            name,
            name_opening: opening.to_bytes(),
            relay,
            assembly,
            assembly_name,
            joining: None,
            plenary: None,
            relay_keys: None,
            proxy: self.first_way(),
            candidates: Vec::new(),
            linking: None,
        })
    }

    /// The way that was set before there was an assembly; it goes with the first batch that could lead to a call.
    pub(crate) fn first_way(&mut self) -> Option<String> {
        self.store.delete(tables::CARRIER, *b"first");
        match self.state.first_carrier.take() {
            Some(carrier) => carrier.proxy(),
            None => self.state.member.as_ref().and_then(|member| member.proxy.clone()),
        }
    }

    /// One assembly a vault; an invitation or a link that came to nothing gives way to the next one.
    pub(crate) fn refuse_second_assembly(&mut self) -> Result<(), Failed> {
        let Some(member) = &self.state.member else {
            return Ok(());
        };
        let joining = member
            .joining
            .as_ref()
            .filter(|joining| joining.refused.is_some());
        let linking = member
            .linking
            .as_ref()
            .filter(|linking| linking.refused.is_some());
        let rendezvous = joining.map(|joining| joining.rendezvous);
        match rendezvous.or(linking.map(|linking| linking.log)) {
            Some(rendezvous) => {
                self.state.logs.remove(&rendezvous);
                self.store.delete(tables::LOGS, *rendezvous.as_bytes());
                let stale: Vec<u64> = self
                    .state
                    .outbox
                    .iter()
                    .filter(|(_, item)| item.log == rendezvous)
                    .map(|(number, _)| *number)
                    .collect();
                for number in stale {
                    self.drop_outbox(number);
                }
                self.forget_envelope(rendezvous);
                messaging::forget_key_packages(&mut self.store)?;
                Ok(())
            }
            None => Err(Refusal::new(
                RefusalCode::AlreadyInAssembly,
                "this vault belongs to an assembly already",
            )
            .into()),
        }
    }
}

fn name_commitment(opening: &[u8]) -> Result<Hash, StepError> {
    let opening: NameOpening =
        primitives::decode_canonical(opening).map_err(|_| StepError::Internal("own name"))?;
    Ok(opening.commitment())
}

fn charter_with(changes: &CharterChanges) -> Result<Charter, Refusal> {
    let defaults = Charter::default();
    let trustees = changes.trustees.unwrap_or(defaults.trustees);
    let voting_least_ms = changes.voting_least_ms.unwrap_or(defaults.voting_least_ms);
    let charter = Charter {
        endorsements: changes.endorsements.unwrap_or(defaults.endorsements),
        founding_seats: changes.founding_seats.unwrap_or(defaults.founding_seats),
        objection_ms: changes.objection_ms.unwrap_or(defaults.objection_ms),
        objectors: changes.objectors.unwrap_or(defaults.objectors),
        cooling_off_ms: changes.cooling_off_ms.unwrap_or(defaults.cooling_off_ms),
        detain_signers: changes.detain_signers.unwrap_or(defaults.detain_signers),
        seconders: changes.seconders.unwrap_or(defaults.seconders),
        notice_ms: changes.notice_ms.unwrap_or(defaults.notice_ms),
        voting_least_ms,
        voting_greatest_ms: changes
            .voting_greatest_ms
            .unwrap_or(defaults.voting_greatest_ms.max(voting_least_ms)),
        closing_ms: changes.closing_ms.unwrap_or(defaults.closing_ms),
        slot_ms: changes.slot_ms.unwrap_or(defaults.slot_ms),
        sealing_round_ms: changes.sealing_round_ms.unwrap_or(defaults.sealing_round_ms),
        cosign_ms: changes.cosign_ms.unwrap_or(defaults.cosign_ms),
        roll_floor: changes.roll_floor.unwrap_or(defaults.roll_floor),
        ballots_floor: changes.ballots_floor.unwrap_or(defaults.ballots_floor),
        trustees,
        threshold: changes
            .threshold
            .unwrap_or_else(|| Charter::default_threshold(trustees)),
        ties: changes.ties.map_or(defaults.ties, journal_ties),
        ..defaults
    };
    match charter.validate() {
        Ok(()) => Ok(charter),
        Err(bad) => Err(Refusal {
            code: RefusalCode::BadRequest,
            details: bad.to_string(),
        }),
    }
}
