//! The joining side: a join request, the answer to it, and the way into the plenary.

use crate::commands::bad;
use crate::founding::FIRST_JOURNAL_KEY;
use crate::machine::Failed;
use crate::requests::{Answer, Refusal, RefusalCode, Topic};
use crate::state::{Content, Joining, LogRole, Seed};
use crate::step::{Step, StepError};
use crate::views::Carrier;
use assembly::NameOpening;
use messaging::{BadLink, Conversation, EnvelopeSecret, Invitation, JoinRequest, Posted, Replace};
use primitives::{LogId, Secret};
use relay_api::RelayAddress;
use tlog::{Entry, LogKind};

impl Step<'_> {
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
        let chosen = self.state.first_carrier.is_some();
        let mut member = self.new_member(
            member_name.clone(),
            invitation.relay.clone(),
            invitation.assembly,
            invitation.assembly_name.clone(),
        )?;
        // The person's own choice goes before the invitation's advice.
        if let (false, Some(text)) = (chosen, &invitation.carrier) {
            member.proxy = carrier_of_text(text).proxy();
        }
        let device = member.device()?;
        let own = device.own()?;
        let key_package = messaging::new_key_package(&mut self.store, &own, false)
            .map_err(|error| StepError::Messaging(error.to_string()))?;
        let envelope = Secret::<32>::random(self.rng);
        let secret = EnvelopeSecret::from_seed(envelope.duplicate());
        let opening: NameOpening = primitives::decode_canonical(&member.name_opening)
            .map_err(|_| StepError::Internal("own name"))?;
        let request = JoinRequest {
            name: member_name,
            salt: opening.salt,
            certificate: member.certificate()?,
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
        self.post_wrapped(rendezvous, wrapped, Content::Rendezvous, None);
        self.effects.push(crate::effects::Effect::Reconnect);
        Ok(Answer::Done)
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
        for key in &admitted.journal_keys {
            if key.number == u64::from(FIRST_JOURNAL_KEY) {
                first = Some(assembly::keys::journal_record(&key.key));
            }
        }
        self.learn_journal_keys(admitted.journal_keys);
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
        let device = member.device()?;
        let own = device.own()?;
        // The overlay is both read (roster) and written (group) by the join, so the roster reads a copy of its marks.
        let roster = self.roster_marks()?;
        let place = messaging::Place {
            conversation: member
                .plenary
                .ok_or(StepError::Internal("a welcome into nowhere"))?,
            terms: None,
            replace: Replace::Never,
            founders: None,
        };
        match Conversation::join(&mut self.store, &own, &roster, &welcome, &place) {
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

    pub(crate) fn follow_rendezvous(&mut self, invitation: &Invitation) -> Result<LogId, StepError> {
        let role = LogRole::Rendezvous {
            assembly: invitation.assembly,
        };
        let record = invitation.log_keys().record(LogKind::Private);
        self.follow(role, Seed::new(invitation.secret.duplicate()), record, Vec::new())
    }
}

pub(crate) fn link_refusal(bad: BadLink) -> Refusal {
    let code = match bad {
        BadLink::ForADevice => RefusalCode::LinkForDevice,
        BadLink::ForAMember => RefusalCode::LinkForMember,
        _ => RefusalCode::InvitationMangled,
    };
    Refusal::new(code, &bad.to_string())
}

pub(crate) fn carrier_of_text(text: &str) -> Carrier {
    Carrier::Socks5 {
        address: text.to_owned(),
    }
}
