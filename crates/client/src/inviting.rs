//! The inviting side: invitations, join requests, admissions proposed and endorsed, newcomers let in.

use crate::commands::{no_assembly, unknown};
use crate::joining::{carrier_of_text, link_refusal};
use crate::keyring::CANDIDATE;
use crate::machine::Failed;
use crate::requests::{Answer, Refusal, RefusalCode};
use crate::state::{Content, Duty, InvitationState};
use crate::step::{Step, StepError};
use crate::views::{Carrier, InvitationView, Role};
use assembly::{Body, Candidate, NameOpening};
use messaging::{Invitation, JoinRequest};
use primitives::{ConversationId, LogId, Secret, StatementId, Time};
use std::collections::BTreeMap;

impl Step<'_> {
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

    /// The first join request in time counts; an invitation is used once.
    pub(crate) fn join_requested(&mut self, log: LogId, time: Time, request: JoinRequest) {
        let Some(invitation) = self.state.invitations.get_mut(&log) else {
            return;
        };
        if invitation.request.is_none() && time < invitation.expires {
            invitation.request = Some(request);
            self.save_invitation(log);
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
        if ready.is_empty() {
            return Ok(());
        }
        let Some(turn) = self.may_try(Duty::Commit(plenary)) else {
            return Ok(());
        };
        let packages: Vec<messaging::KeyPackage> = ready
            .iter()
            .filter_map(|request| messaging::KeyPackage::parse(&request.key_package).ok())
            .collect();
        let intent = messaging::Intent {
            add: packages,
            ..messaging::Intent::default()
        };
        self.commit(turn, plenary, intent)
    }

    /// All journal keys that this device has, those that the journal has not announced yet among them.
    pub(crate) fn journal_keys_for_others(&self) -> Vec<messaging::JournalKey> {
        let known = self
            .state
            .journal_keys
            .iter()
            .map(|(number, seed)| (*number, seed));
        let candidates = self.state.member.iter().flat_map(|member| &member.candidates);
        known
            .chain(candidates.map(|seed| (CANDIDATE, seed)))
            .map(|(number, seed)| messaging::JournalKey {
                number: u64::from(number),
                key: seed.secret().duplicate(),
            })
            .collect()
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
                journal_keys: self.journal_keys_for_others(),
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
                self.post_wrapped(log, wrapped, Content::Rendezvous, None);
            }
            if let Some(invitation) = self.state.invitations.get_mut(&log) {
                invitation.welcomed = true;
            }
            self.save_invitation(log);
        }
        Ok(())
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
