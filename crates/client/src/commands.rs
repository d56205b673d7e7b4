//! What a person asks for, checked and handed to where it belongs.

use crate::conversations::Draft;
use crate::machine::Failed;
use crate::requests::{Answer, Refusal, RefusalCode, Request, Topic};
use crate::step::Step;
use crate::tables;
use crate::views::Carrier;
use crate::voting::Proposal;
use messaging::{Emoji, Timer, WORDS_BYTES_MAX};
use primitives::canonical::encode;
use primitives::{ConversationId, MessageName, MotionId, SeatNumber, StatementId};

/// Longest name of an assembly or member, title of a motion, in characters.
const NAME_CHARS_MAX: usize = 200;
/// Longest name of a device, in characters.
const DEVICE_NAME_CHARS_MAX: usize = 60;
/// Longest message or declaration, in characters.
const MESSAGE_CHARS_MAX: usize = 20_000;
/// Longest text of a motion, in characters.
const MOTION_CHARS_MAX: usize = 50_000;
/// Longest time for which an invitation can be valid.
const INVITATION_MS_MAX: u64 = 90 * 24 * 3_600_000;
/// For how long it is valid if nothing is said.
const INVITATION_MS: u64 = 7 * 24 * 3_600_000;
/// Messages of a page if nothing is said, and at most.
const PAGE: (u32, u32) = (50, 500);

impl Step<'_> {
    pub(crate) fn request(&mut self, request: Request) -> Result<Answer, Failed> {
        match request {
            Request::Overview => Ok(Answer::Overview {
                overview: self.show_overview()?,
            }),
            Request::Found {
                name,
                declaration,
                relay,
                member_name,
                charter,
            } => {
                bounded("name", &name, 1, NAME_CHARS_MAX)?;
                bounded("declaration", &declaration, 0, MESSAGE_CHARS_MAX)?;
                bounded("member_name", &member_name, 1, NAME_CHARS_MAX)?;
                self.found(name, declaration, relay, member_name, &charter)
            }
            Request::Invite {
                role,
                valid_ms,
                carrier,
            } => {
                let valid_ms = valid_ms.unwrap_or(INVITATION_MS);
                if !(1_000..=INVITATION_MS_MAX).contains(&valid_ms) {
                    return Err(bad("an invitation is valid for 1 second to 90 days").into());
                }
                self.invite(role, valid_ms, carrier.as_ref())
            }
            Request::ReadInvitation { link } => self.read_invitation(&link),
            Request::Join { link, member_name } => {
                bounded("member_name", &member_name, 1, NAME_CHARS_MAX)?;
                self.join(&link, member_name)
            }
            Request::Admissions => Ok(Answer::Admissions {
                admissions: self.show_admissions()?,
            }),
            Request::Endorse { admission } => self.endorse(&admission),
            Request::Object { admission } => self.object(parse::<StatementId>(&admission)?),
            Request::Members => Ok(Answer::Members {
                members: self.show_members()?,
            }),
            Request::SafetyNumber { seat } => self.safety_number(SeatNumber(seat)),
            Request::MarkVerified { seat, verified } => self.mark_verified(SeatNumber(seat), verified),
            Request::SetNotices { on } => Ok(self.set_notices(on)),
            Request::Detain { seat } => self.detain(SeatNumber(seat)),
            Request::Refound { conversation } => {
                self.refound(conversation.as_deref().map(parse).transpose()?)
            }
            Request::Conversations => Ok(Answer::Conversations {
                conversations: self.show_conversations()?,
            }),
            Request::Direct { seat } => self.direct(SeatNumber(seat)),
            Request::FoundGroup { name, seats } => {
                bounded("name", &name, 1, NAME_CHARS_MAX)?;
                self.found_group(name, &seats)
            }
            Request::Bring { conversation, seats } => self.bring(parse(&conversation)?, &seats),
            Request::AskToLeave { conversation, seat } => {
                self.ask_to_leave(parse(&conversation)?, SeatNumber(seat))
            }
            Request::Arrange {
                conversation,
                muted,
                archived,
                pinned,
                receipts,
            } => {
                let conversation = parse(&conversation)?;
                if let Some(level) = receipts {
                    self.set_receipts(conversation, level)?;
                }
                self.arrange(conversation, muted, archived, pinned)
            }
            Request::Rename { conversation, name } => {
                bounded("name", &name, 1, NAME_CHARS_MAX)?;
                self.rename(parse(&conversation)?, name)
            }
            Request::Devices => Ok(Answer::Devices {
                devices: self.show_devices()?,
            }),
            Request::LinkDevice => self.link_device(),
            Request::ReadDeviceLink { link } => self.read_device_link(&link),
            Request::JoinAsDevice { link, device_name } => {
                bounded("device_name", &device_name, 1, DEVICE_NAME_CHARS_MAX)?;
                self.join_as_device(&link, device_name)
            }
            Request::AdmitDevice { code, history } => self.admit_device(&code, history),
            Request::GiveUpDeviceLink => self.give_up_device_link(),
            Request::CancelDeviceLink => Ok(self.cancel_device_link()),
            Request::RevokeDevice { device } => self.revoke_device(&device),
            Request::AcknowledgeDevice { device } => self.acknowledge_device(&device),
            Request::Send {
                conversation,
                text,
                reply_to,
            } => {
                let conversation = self.conversation_named(conversation.as_deref())?;
                let reply = reply_to.as_deref().map(parse::<MessageName>).transpose()?;
                self.send_text(conversation, said("text", text, 1)?, reply)
            }
            Request::Edit {
                conversation,
                message,
                text,
            } => {
                let conversation = self.conversation_named(conversation.as_deref())?;
                self.edit(conversation, parse(&message)?, said("text", text, 1)?)
            }
            Request::Delete {
                conversation,
                message,
            } => {
                let conversation = self.conversation_named(conversation.as_deref())?;
                self.delete(conversation, parse(&message)?)
            }
            Request::React {
                conversation,
                message,
                emoji,
                take_back,
            } => {
                let conversation = self.conversation_named(conversation.as_deref())?;
                let emoji = Emoji::new(&emoji).map_err(|error| bad(&error.to_string()))?;
                self.react(conversation, parse(&message)?, emoji, !take_back)
            }
            Request::SetTimer {
                conversation,
                timer_ms,
            } => {
                let conversation = self.conversation_named(conversation.as_deref())?;
                let known = |ms| Timer::new(ms).ok_or_else(|| bad("messages stay 10 seconds to 366 days"));
                self.set_timer(conversation, timer_ms.map(known).transpose()?)
            }
            Request::SetDraft {
                conversation,
                text,
                reply_to,
            } => {
                let conversation = self.conversation_named(conversation.as_deref())?;
                let reply = reply_to.as_deref().map(parse::<MessageName>).transpose()?;
                let text = said("text", text, 0)?;
                self.set_draft(conversation, &Draft { text, reply })
            }
            Request::Search {
                text,
                conversation,
                limit,
            } => {
                bounded("text", &text, 1, NAME_CHARS_MAX)?;
                let conversation = conversation.as_deref().map(parse).transpose()?;
                let limit = limit.unwrap_or(PAGE.0).min(PAGE.1);
                self.search(&text, conversation, usize::try_from(limit).unwrap_or(usize::MAX))
            }
            Request::Read {
                conversation,
                before,
                limit,
                mark_read,
            } => {
                let conversation = self.conversation_named(conversation.as_deref())?;
                let limit = limit.unwrap_or(PAGE.0).min(PAGE.1);
                self.read(conversation, before, limit, mark_read)
            }
            Request::Propose {
                title,
                text,
                kind,
                question,
                rule,
                notice_ms,
                voting_ms,
            } => {
                bounded("title", &title, 1, NAME_CHARS_MAX)?;
                bounded("text", &text, 0, MOTION_CHARS_MAX)?;
                self.propose(Proposal {
                    title,
                    text,
                    kind,
                    question,
                    rule,
                    notice_ms,
                    voting_ms,
                })
            }
            Request::Second { motion } => self.second(parse::<MotionId>(&motion)?),
            Request::Open { motion } => self.open_motion(parse::<MotionId>(&motion)?),
            Request::Withdraw { motion } => self.withdraw(parse::<MotionId>(&motion)?),
            Request::Motions => Ok(Answer::Motions {
                motions: self.show_motions()?,
            }),
            Request::Motion { motion } => Ok(Answer::Motion {
                motion: self.show_motion(parse::<MotionId>(&motion)?)?,
            }),
            Request::Vote { motion, choice } => self.vote(parse::<MotionId>(&motion)?, &choice),
            Request::Cancel { motion } => self.cancel_vote(parse::<MotionId>(&motion)?),
            Request::Ballot { motion } => self.own_ballot(parse::<MotionId>(&motion)?),
            Request::ForwardBallot { motion, ballot } => {
                self.forward_ballot(parse::<MotionId>(&motion)?, &ballot)
            }
            Request::ExportAudit { .. } => {
                Err(bad("an audit file is written by the edge that has files").into())
            }
            Request::Fetch {
                conversation,
                message,
            } => {
                let conversation = self.conversation_named(conversation.as_deref())?;
                self.fetch(conversation, parse(&message)?)
            }
            Request::CancelTransfer {
                conversation,
                message,
            } => {
                let conversation = self.conversation_named(conversation.as_deref())?;
                self.cancel_transfer(conversation, parse(&message)?)
            }
            Request::Attach { .. } | Request::SaveAttachment { .. } | Request::Picture { .. } => {
                Err(bad("files are read and written by the edge that has them").into())
            }
            Request::SetCarrier { carrier } => self.set_carrier(carrier),
        }
    }

    fn set_carrier(&mut self, carrier: Carrier) -> Result<Answer, Failed> {
        let Some(member) = &mut self.state.member else {
            self.store
                .put(tables::CARRIER, *b"first", encode(&carrier.proxy()));
            self.state.first_carrier = Some(carrier);
            self.touch(Topic::Overview);
            return Ok(Answer::Done);
        };
        member.proxy = carrier.proxy();
        self.save_member();
        self.state.volatile.quiet_until = None;
        self.effects.push(crate::effects::Effect::Reconnect);
        self.touch(Topic::Overview);
        Ok(Answer::Done)
    }

    pub(crate) fn conversation_named(&self, id: Option<&str>) -> Result<ConversationId, Failed> {
        match id {
            Some(id) => Ok(parse(id)?),
            None => {
                let member = self.state.member.as_ref().ok_or_else(no_assembly)?;
                Ok(member.plenary.ok_or_else(not_a_member)?)
            }
        }
    }
}

/// Refuses a text that is shorter or longer than allowed, or has control characters other than new lines and tabs.
fn bounded(field: &str, text: &str, least: usize, most: usize) -> Result<(), Refusal> {
    let chars = text.chars().count();
    let printable = text.chars().all(|c| !c.is_control() || c == '\n' || c == '\t');
    if chars < least || chars > most || (least > 0 && text.trim().is_empty()) {
        return Err(Refusal {
            code: RefusalCode::BadRequest,
            details: format!("'{field}' has {chars} characters; {least} to {most} are allowed"),
        });
    }
    if printable {
        Ok(())
    } else {
        Err(bad("control characters are not allowed in texts"))
    }
}

/// A text that a message can carry, in characters and in bytes.
pub(crate) fn said(field: &str, text: String, least: usize) -> Result<String, Refusal> {
    bounded(field, &text, least, MESSAGE_CHARS_MAX)?;
    if text.len() > WORDS_BYTES_MAX {
        return Err(Refusal {
            code: RefusalCode::BadRequest,
            details: format!(
                "'{field}' has {} bytes; a message carries {WORDS_BYTES_MAX}: send it in two",
                text.len()
            ),
        });
    }
    Ok(text)
}

pub(crate) fn parse<T: core::str::FromStr>(text: &str) -> Result<T, Refusal> {
    text.parse().map_err(|_| {
        Refusal::new(
            RefusalCode::Unknown,
            "not an id: 64 characters 0-9 a-f are needed",
        )
    })
}

pub(crate) fn bad(details: &str) -> Refusal {
    Refusal::new(RefusalCode::BadRequest, details)
}

pub(crate) fn no_assembly() -> Refusal {
    Refusal::new(
        RefusalCode::NoAssembly,
        "this vault belongs to no assembly yet; found one or join one",
    )
}

pub(crate) fn not_a_member() -> Refusal {
    Refusal::new(
        RefusalCode::NotAMember,
        "you are not a member yet (or no longer); wait for the admission",
    )
}

pub(crate) fn unknown(what: &str) -> Refusal {
    Refusal {
        code: RefusalCode::Unknown,
        details: format!("there is no such {what}"),
    }
}
