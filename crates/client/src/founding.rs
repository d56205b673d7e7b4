//! Founding, inviting, joining: how people come in, on both sides of an invitation.

use crate::commands::{bad, no_assembly, not_a_member, unknown};
use crate::machine::Failed;
use crate::requests::{Answer, CharterChanges, Refusal, RefusalCode, Topic};
use crate::state::{Content, Duty, InvitationState, Joining, LogRole, Member, Seed};
use crate::step::{Step, StepError};
use crate::tables;
use crate::views::{Carrier, InvitationView, Role};
use assembly::{Body, Candidate, Charter, Founded, NameOpening, SealedEntry, Statement};
use messaging::{
    BadLink, Conversation, EnvelopeSecret, Invitation, JoinRequest, JournalPoint, OwnDevice, Posted, Replace,
};
use primitives::canonical::encode;
use primitives::device::DeviceCertificate;
use primitives::{
    AssemblyId, ConversationId, Hash, LogId, SeatNumber, Secret, SigningSecret, StatementId, Time,
};
use relay_api::RelayAddress;
use std::collections::BTreeMap;
use tlog::{Entry, LogKind};

/// Number under which a key travels to a newcomer that the journal has not announced yet.
const CANDIDATE: u32 = 0;
/// The journal key that a founding makes.
const FIRST_JOURNAL_KEY: u32 = 1;

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
        let certificate = member
            .certificate()
            .map_err(|_| StepError::Internal("own certificate"))?;
        let device = member.device_key();
        let own = OwnDevice::new(&certificate, &device).ok_or(StepError::Internal("own device"))?;
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
            journal_key: assembly::journal_key_hash(FIRST_JOURNAL_KEY, &journal_key),
            founder: Candidate {
                role: assembly::Role::Deputy,
                name: name_commitment(&member.name_opening)?,
                certificate: member.certificate.clone(),
            },
        };
        let body = Body::Founded { founded };
        let expires = self.now.after(FOUNDING_EXPIRES_MS);
        let statement = Statement::new(
            AssemblyId::new([0; 32]),
            SeatNumber(1),
            device.verifying_key(),
            None,
            expires,
            &body,
        )
        .sign(&device);
        member.assembly = assembly::statement::assembly_id(statement.bytes());
        member.plenary = Some(conversation_id);
        let assembly_id = member.assembly;
        let entry = SealedEntry::seal(
            FIRST_JOURNAL_KEY,
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
        self.post(journal, entry.to_bytes(), Content::Statement { id }, self.now);
        self.begin_conversation(conversation, 0)?;
        self.effects.push(crate::effects::Effect::Reconnect);
        Ok(Answer::Founded {
            assembly: assembly_id.to_string(),
        })
    }

    /// Makes an invitation with a log of its own.
    pub(crate) fn invite(
        &mut self,
        role: Role,
        valid_ms: u64,
        carrier: Option<&Carrier>,
    ) -> Result<Answer, Failed> {
        let seat = self.own_seat()?;
        if seat.role != assembly::Role::Deputy {
            return Err(Refusal::new(RefusalCode::NotAllowed, "only deputies invite").into());
        }
        let member = self.state.member.clone().ok_or_else(no_assembly)?;
        let expires = self.now.after(valid_ms);
        let invitation = Invitation {
            relay: member.relay.clone(),
            carrier: carrier.and_then(carrier_text),
            assembly: member.assembly,
            assembly_name: member.assembly_name.clone(),
            inviter: seat.identity,
            role: role_code(role),
            secret: self.secret(),
            expires,
        };
        let link = invitation.link().to_string();
        let log = self.follow_rendezvous(&invitation)?;
        let state = InvitationState {
            link: link.clone(),
            role: role_code(role),
            expires,
            request: None,
            proposed: None,
            welcomed: false,
        };
        self.state.invitations.insert(log, state);
        self.save_invitation(log);
        Ok(Answer::Invitation {
            link,
            expires: expires.0,
        })
    }

    /// What a link says, without using it.
    pub(crate) fn read_invitation(&self, link: &str) -> Result<Answer, Failed> {
        let invitation = Invitation::parse(link).map_err(link_refusal)?;
        let view = InvitationView {
            assembly_name: invitation.assembly_name.clone(),
            assembly: invitation.assembly.to_string(),
            relay: invitation.relay.clone(),
            role: role_of_code(invitation.role),
            expires: invitation.expires.0,
            carrier: invitation.carrier.as_deref().map(carrier_of_text),
        };
        Ok(Answer::InvitationRead { invitation: view })
    }

    /// Asks to be let in.
    pub(crate) fn join(&mut self, link: &str, member_name: String) -> Result<Answer, Failed> {
        self.refuse_second_assembly()?;
        let invitation = Invitation::parse(link).map_err(link_refusal)?;
        if invitation.expired(self.now) {
            return Err(Refusal::new(
                RefusalCode::InvitationExpired,
                "the invitation has expired; ask for a new one",
            )
            .into());
        }
        if invitation.relay.parse::<RelayAddress>().is_err() {
            return Err(link_refusal(BadLink::Malformed).into());
        }
        let mut member = self.new_member(
            member_name.clone(),
            invitation.relay.clone(),
            invitation.assembly,
            invitation.assembly_name.clone(),
        )?;
        member.proxy = invitation
            .carrier
            .as_deref()
            .and_then(|text| match carrier_of_text(text) {
                Carrier::Direct => None,
                Carrier::Socks5 { address } => Some(address),
            });
        let certificate = member
            .certificate()
            .map_err(|_| StepError::Internal("own certificate"))?;
        let device = member.device_key();
        let own = OwnDevice::new(&certificate, &device).ok_or(StepError::Internal("own device"))?;
        let key_package = messaging::new_key_package(&mut self.store, &own, false)
            .map_err(|error| StepError::Messaging(error.to_string()))?;
        let envelope = Secret::<32>::random(self.rng);
        let secret = EnvelopeSecret::from_seed(envelope.duplicate());
        let opening: NameOpening = primitives::decode_canonical(&member.name_opening)
            .map_err(|_| StepError::Internal("own name"))?;
        let request = JoinRequest {
            name: member_name,
            salt: opening.salt,
            certificate: member.certificate.clone(),
            key_package,
            envelope_key: secret
                .key()
                .map_err(|error| StepError::Messaging(error.to_string()))?,
        };
        let id = request.id();
        let wrapped = messaging::post_request(&invitation, &own, request, self.rng)
            .map_err(|_| bad("the name is too long"))?;
        self.state.member = Some(member);
        let rendezvous = self.follow_rendezvous(&invitation)?;
        if let Some(member) = &mut self.state.member {
            member.joining = Some(Joining {
                rendezvous,
                link: link.to_owned(),
                request: id,
                envelope: Seed::new(envelope),
                welcome: None,
                log_start: 0,
                refused: None,
            });
        }
        self.save_member();
        self.post_wrapped(rendezvous, wrapped, Content::Rendezvous);
        self.effects.push(crate::effects::Effect::Reconnect);
        Ok(Answer::Done)
    }

    /// Proposes a join request of one's own invitation, or endorses somebody else's proposal.
    pub(crate) fn endorse(&mut self, admission: &str) -> Result<Answer, Failed> {
        if let Ok(log) = admission.parse::<LogId>()
            && self.state.invitations.contains_key(&log)
        {
            self.propose_admission(log)?;
            return Ok(Answer::Done);
        }
        let id: StatementId = admission
            .parse()
            .map_err(|_| Failed::from(unknown("admission")))?;
        self.state_checked(&Body::Endorsed { admission: id }, &[])?;
        Ok(Answer::Done)
    }

    pub(crate) fn object(&mut self, admission: StatementId) -> Result<Answer, Failed> {
        self.state_checked(&Body::Objected { admission }, &[])?;
        Ok(Answer::Done)
    }

    fn propose_admission(&mut self, log: LogId) -> Result<(), Failed> {
        let invitation = self
            .state
            .invitations
            .get(&log)
            .cloned()
            .ok_or_else(|| unknown("join request"))?;
        let request = invitation.request.ok_or_else(|| unknown("join request"))?;
        if invitation.proposed.is_some() {
            return Err(Refusal::new(RefusalCode::AlreadyDone, "this admission is proposed already").into());
        }
        let opening = NameOpening {
            salt: request.salt,
            name: request.name.clone(),
        };
        let candidate = Candidate {
            role: journal_role(role_of_code(invitation.role)),
            name: opening.commitment(),
            certificate: request.certificate.clone(),
        };
        let id = self.state_checked(&Body::AdmissionProposed { candidate }, &opening.to_bytes())?;
        if let Some(invitation) = self.state.invitations.get_mut(&log) {
            invitation.proposed = Some(id);
        }
        self.save_invitation(log);
        Ok(())
    }

    /// An entry of an invitation's log, on either side of it. `false`: its pieces are not here yet.
    pub(crate) fn rendezvous_entry(
        &mut self,
        log: LogId,
        _index: u64,
        entry: &Entry,
        own: bool,
    ) -> Result<bool, StepError> {
        if own {
            return Ok(true);
        }
        let joining = self
            .state
            .member
            .as_ref()
            .and_then(|member| member.joining.clone());
        let joining = joining.filter(|joining| joining.rendezvous == log);
        let link = match (&joining, self.state.invitations.get(&log)) {
            (Some(joining), _) => joining.link.clone(),
            (None, Some(invitation)) => invitation.link.clone(),
            (None, None) => return Ok(true),
        };
        let Ok(invitation) = Invitation::parse(&link) else {
            return Ok(true);
        };
        let posted = match messaging::open_posted(&invitation, &entry.bytes) {
            Ok(Posted::Pieces(list)) => match self.pieces(log, &list)? {
                Some(bytes) => Posted::parse(&bytes),
                None => return Ok(false),
            },
            other => other,
        };
        match (posted, joining) {
            (Ok(Posted::Request { request, .. }), None) => self.join_requested(log, entry.time, *request),
            (Ok(Posted::Request { id, .. }), Some(joining)) if id != joining.request => {
                self.join_refused("the invitation has been used by somebody else; ask for a new one");
            }
            (Ok(Posted::Admitted { envelope }), Some(joining)) => self.admitted(&joining, &envelope)?,
            (Ok(Posted::Refused { text }), Some(_)) => self.join_refused(&text),
            _ => {}
        }
        Ok(true)
    }

    /// The first join request in time counts; an invitation is used once.
    fn join_requested(&mut self, log: LogId, time: Time, request: JoinRequest) {
        let Some(invitation) = self.state.invitations.get_mut(&log) else {
            return;
        };
        if invitation.request.is_none() && time < invitation.expires {
            invitation.request = Some(request);
            self.save_invitation(log);
        }
    }

    fn join_refused(&mut self, why: &str) {
        if let Some(joining) = self
            .state
            .member
            .as_mut()
            .and_then(|member| member.joining.as_mut())
            && joining.welcome.is_none()
        {
            joining.refused = Some(why.to_owned());
            self.save_member();
        }
    }

    /// A sponsor has answered: journal keys and the Welcome.
    fn admitted(&mut self, joining: &Joining, envelope: &[u8]) -> Result<(), StepError> {
        let secret = EnvelopeSecret::from_seed(joining.envelope.secret().duplicate());
        let Ok(admitted) = messaging::open_admitted(&secret, joining.request, envelope) else {
            return Ok(());
        };
        let mut first = None;
        for key in admitted.journal_keys {
            let Ok(number) = u32::try_from(key.number) else {
                continue;
            };
            if number == CANDIDATE {
                self.learn_candidate(key.key);
                continue;
            }
            if number == FIRST_JOURNAL_KEY {
                first = Some(assembly::keys::journal_record(&key.key));
            }
            self.learn_journal_key(number, key.key);
        }
        let role = LogRole::Conversation {
            conversation: admitted.conversation,
        };
        let record = role.keys(&admitted.log_secret).record(LogKind::Ephemeral);
        self.follow(role, Seed::new(admitted.log_secret), record, Vec::new())?;
        if let Some(member) = &mut self.state.member {
            member.plenary = Some(admitted.conversation);
            if let Some(joining) = &mut member.joining {
                joining.welcome = Some(admitted.welcome);
                joining.log_start = admitted.log_start;
                joining.refused = None;
            }
        }
        self.save_member();
        if let Some(record) = first {
            self.follow_journal(FIRST_JOURNAL_KEY, record)?;
        }
        self.finish_log(joining.rendezvous);
        Ok(())
    }

    /// Joins the plenary once the journal has been folded far enough to judge everybody in it.
    pub(crate) fn join_plenary(&mut self) -> Result<(), StepError> {
        let Some(member) = self.state.member.clone() else {
            return Ok(());
        };
        let Some(joining) = member.joining.clone() else {
            return Ok(());
        };
        let Some(welcome) = joining.welcome else {
            return Ok(());
        };
        if self.state.assembly.is_none() {
            return Ok(());
        }
        let certificate = member
            .certificate()
            .map_err(|_| StepError::Internal("own certificate"))?;
        let device = member.device_key();
        let own = OwnDevice::new(&certificate, &device).ok_or(StepError::Internal("own device"))?;
        // The overlay is both read (roster) and written (group) by the join, so the roster reads a copy of its marks.
        let roster = self.roster_marks()?;
        match Conversation::join(&mut self.store, &own, &roster, &welcome, Replace::Never) {
            Ok(conversation) => {
                if let Some(member) = &mut self.state.member {
                    member.joining = None;
                }
                self.save_member();
                self.begin_conversation(conversation, joining.log_start)?;
                self.touch(Topic::Conversations);
                Ok(())
            }
            Err(messaging::JoinError::JournalBehind) => Ok(()),
            Err(messaging::JoinError::Store(error)) => Err(error.into()),
            Err(error) => {
                if let Some(joining) = self
                    .state
                    .member
                    .as_mut()
                    .and_then(|member| member.joining.as_mut())
                {
                    joining.welcome = None;
                    joining.refused = Some(format!("the welcome cannot be used: {error}"));
                }
                self.save_member();
                Ok(())
            }
        }
    }

    fn follow_rendezvous(&mut self, invitation: &Invitation) -> Result<LogId, StepError> {
        let role = LogRole::Rendezvous {
            assembly: invitation.assembly,
        };
        let record = invitation.log_keys().record(LogKind::Private);
        self.follow(role, Seed::new(invitation.secret.duplicate()), record, Vec::new())
    }

    fn new_member(
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
            identity: Seed::new(identity_seed),
            device: Seed::new(device_seed),
            sealing: Seed::new(sealing),
            certificate: certificate.unverified().clone(),
            name,
            name_opening: opening.to_bytes(),
            relay,
            assembly,
            assembly_name,
            joining: None,
            plenary: None,
            relay_keys: None,
            proxy: None,
            candidates: Vec::new(),
        })
    }

    /// One assembly a vault; an invitation that came to nothing gives way to the next one.
    fn refuse_second_assembly(&mut self) -> Result<(), Failed> {
        let Some(member) = &self.state.member else {
            return Ok(());
        };
        match &member.joining {
            Some(joining) if joining.refused.is_some() => {
                let rendezvous = joining.rendezvous;
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
                messaging::forget_key_packages(&mut self.store)?;
                Ok(())
            }
            _ => Err(Refusal::new(
                RefusalCode::AlreadyInAssembly,
                "this vault belongs to an assembly already",
            )
            .into()),
        }
    }

    pub(crate) fn learn_journal_key(&mut self, number: u32, key: Secret<32>) {
        // A key that is known is never replaced: whoever hands over another one for its number is wrong.
        if self.state.journal_keys.contains_key(&number) {
            return;
        }
        let seed = Seed::new(key);
        self.store
            .put(tables::JOURNAL_KEYS, number.to_be_bytes(), encode(&seed));
        self.state.journal_keys.insert(number, seed);
    }

    /// A key that the journal may come to announce under some number.
    pub(crate) fn learn_candidate(&mut self, key: Secret<32>) {
        if let Some(member) = &mut self.state.member {
            member.candidates.push(Seed::new(key));
        }
        self.save_member();
        self.match_candidates();
    }

    /// Gives the numbers that the journal has announced to the keys that they mean.
    pub(crate) fn match_candidates(&mut self) {
        let (Some(assembly), Some(member)) = (self.state.assembly.clone(), self.state.member.clone()) else {
            return;
        };
        for (number, hash) in assembly.journal_key_hashes() {
            let known = self.state.journal_keys.contains_key(&number);
            let meant = member
                .candidates
                .iter()
                .find(|seed| assembly::journal_key_hash(number, seed.secret()) == hash);
            if let (false, Some(seed)) = (known, meant) {
                self.learn_journal_key(number, seed.secret().duplicate());
            }
        }
    }

    /// Sponsors' duty: whoever is admitted by one's own invitation is let into the plenary.
    pub(crate) fn let_in(&mut self) -> Result<(), StepError> {
        let Some(assembly) = self.state.assembly.clone() else {
            return Ok(());
        };
        let Some(plenary) = self.state.member.as_ref().and_then(|member| member.plenary) else {
            return Ok(());
        };
        let admissions: BTreeMap<StatementId, assembly::Admission> = assembly
            .admissions()
            .map(|(id, admission)| (id, admission.clone()))
            .collect();
        let ready: Vec<JoinRequest> = self
            .state
            .invitations
            .values()
            .filter(|invitation| !invitation.welcomed)
            .filter(|invitation| {
                invitation
                    .proposed
                    .and_then(|id| admissions.get(&id))
                    .is_some_and(|admission| matches!(admission.state, assembly::AdmissionState::Admitted(_)))
            })
            .filter_map(|invitation| invitation.request.clone())
            .collect();
        if ready.is_empty() || !self.may_try(Duty::Commit(plenary)) {
            return Ok(());
        }
        let packages: Vec<messaging::KeyPackage> = ready
            .iter()
            .filter_map(|request| messaging::KeyPackage::parse(&request.key_package).ok())
            .collect();
        self.commit_plenary(plenary, packages)
    }

    /// Posts the Welcome to those whom one's own commit, now ordered, has added.
    pub(crate) fn welcome(
        &mut self,
        added: &[messaging::Member],
        welcome: &[u8],
        conversation: ConversationId,
        log_secret: &Secret<32>,
        log_start: u64,
    ) -> Result<(), StepError> {
        let journal_keys: Vec<(u32, Seed)> = self
            .state
            .journal_keys
            .iter()
            .map(|(number, seed)| (*number, seed.clone()))
            .collect();
        let unannounced = self
            .state
            .member
            .as_ref()
            .map_or_else(Vec::new, |member| member.candidates.clone());
        let waiting: Vec<(LogId, InvitationState)> = self
            .state
            .invitations
            .iter()
            .filter(|(_, invitation)| !invitation.welcomed)
            .map(|(log, invitation)| (*log, invitation.clone()))
            .collect();
        for (log, state) in waiting {
            let Some(request) = state.request else { continue };
            let Ok(package) = messaging::KeyPackage::parse(&request.key_package) else {
                continue;
            };
            if !added.contains(&package.member()) {
                continue;
            }
            let Ok(invitation) = Invitation::parse(&state.link) else {
                continue;
            };
            let admitted = messaging::Admitted {
                journal_keys: journal_keys
                    .iter()
                    .map(|(number, seed)| messaging::JournalKey {
                        number: u64::from(*number),
                        key: seed.secret().duplicate(),
                    })
                    .chain(unannounced.iter().map(|seed| messaging::JournalKey {
                        number: u64::from(CANDIDATE),
                        key: seed.secret().duplicate(),
                    }))
                    .collect(),
                conversation,
                log_secret: log_secret.duplicate(),
                log_start,
                welcome: welcome.to_vec(),
            };
            if let Ok(wrapped) = messaging::post_admitted(
                &invitation,
                request.id(),
                &request.envelope_key,
                &admitted,
                self.rng,
            ) {
                self.post_wrapped(log, wrapped, Content::Rendezvous);
            }
            if let Some(invitation) = self.state.invitations.get_mut(&log) {
                invitation.welcomed = true;
            }
            self.save_invitation(log);
        }
        Ok(())
    }

    pub(crate) fn own_seat(&self) -> Result<assembly::Seat, Refusal> {
        let member = self.state.member.as_ref().ok_or_else(no_assembly)?;
        let assembly = self.state.assembly.as_ref().ok_or_else(not_a_member)?;
        let device = member.device_key().verifying_key();
        assembly
            .seat_by_device(&device)
            .filter(|seat| seat.is_active())
            .cloned()
            .ok_or_else(not_a_member)
    }
}

/// A founding statement waits for its relay so long.
const FOUNDING_EXPIRES_MS: u64 = 24 * 3_600_000;

/// The journal key of the plenary's present epoch.
pub(crate) fn export_journal_key(conversation: &Conversation) -> Result<Secret<32>, StepError> {
    conversation.export_journal_key(b"").map_err(messaging_error)
}

pub(crate) fn messaging_error(error: messaging::UseError) -> StepError {
    StepError::Messaging(error.to_string())
}

fn name_commitment(opening: &[u8]) -> Result<Hash, StepError> {
    let opening: NameOpening =
        primitives::decode_canonical(opening).map_err(|_| StepError::Internal("own name"))?;
    Ok(opening.commitment())
}

fn link_refusal(bad: BadLink) -> Refusal {
    Refusal {
        code: RefusalCode::InvitationMangled,
        details: bad.to_string(),
    }
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

pub(crate) fn role_code(role: Role) -> u8 {
    match role {
        Role::Deputy => 0,
        Role::Expert => 1,
        Role::Observer => 2,
    }
}

pub(crate) fn role_of_code(code: u8) -> Role {
    match code {
        0 => Role::Deputy,
        1 => Role::Expert,
        _ => Role::Observer,
    }
}

fn journal_role(role: Role) -> assembly::Role {
    match role {
        Role::Deputy => assembly::Role::Deputy,
        Role::Expert => assembly::Role::Expert,
        Role::Observer => assembly::Role::Observer,
    }
}

fn carrier_text(carrier: &Carrier) -> Option<String> {
    match carrier {
        Carrier::Direct => None,
        Carrier::Socks5 { address } => Some(address.clone()),
    }
}

fn carrier_of_text(text: &str) -> Carrier {
    Carrier::Socks5 {
        address: text.to_owned(),
    }
}
