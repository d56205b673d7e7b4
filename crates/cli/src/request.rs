//! What each single command asks for.

use app::dto::views::RuleView;
use app::dto::{CharterChanges, Request};
use std::path::Path;
use zeroize::Zeroizing;

use crate::args::{AuditCommand, BallotCommand, DevicesCommand, GroupCommand, MotionCommand, Once};
use crate::device::Asked;
use crate::ending::Ending;
use crate::secret::Source;

/// How the terminal is asked for links.
const INVITATION: &str = "Invitation: ";
const DEVICE_LINK: &str = "Link from the first device: ";

/// What a single command asks for.
#[derive(Debug)]
pub(crate) enum Wanted {
    /// A request, whole.
    Request(Box<Request>),
    /// About a device that is named in short: the vault knows the rest.
    Device(Asked),
    /// A vote: how a choice is written depends on the motion, which the vault has.
    Vote(Voter),
}

/// Who is about to vote.
#[derive(Debug)]
pub(crate) struct Voter {
    /// The motion.
    pub(crate) motion: String,
    /// What a file or descriptor says; without it the terminal is asked once the motion has been shown.
    pub(crate) said: Option<Zeroizing<String>>,
}

impl Once {
    /// What the command asks for; reads what it needs from files, descriptors or the terminal.
    pub(crate) fn wanted(&self) -> Result<Wanted, Ending> {
        Ok(Wanted::Request(Box::new(match self {
            Self::Vote {
                motion,
                choice_file,
                choice_fd,
            } => {
                let source = Source {
                    file: choice_file.clone(),
                    fd: *choice_fd,
                };
                let said = (!source.asks()).then(|| source.read("")).transpose()?;
                let motion = motion.clone();
                return Ok(Wanted::Vote(Voter { motion, said }));
            }
            Self::Cancel { motion } => Request::Cancel {
                motion: motion.clone(),
            },
            Self::Overview => Request::Overview,
            Self::Found {
                name,
                declaration_file,
                relay_file,
                member_name,
                charter_file,
            } => Request::Found {
                name: name.clone(),
                declaration: crate::secret::read_text(Some(declaration_file.as_path()))?,
                relay: Source::file(relay_file).read("Relay: ")?.to_string(),
                member_name: member_name.clone(),
                charter: charter_file
                    .as_deref()
                    .map_or_else(|| Ok(CharterChanges::default()), read_charter)?,
            },
            Self::Invite {
                role,
                valid_ms,
                offer_carrier,
            } => Request::Invite {
                role: *role,
                valid_ms: *valid_ms,
                carrier: offer_carrier.clone(),
            },
            Self::ReadInvitation { link } => Request::ReadInvitation {
                link: link.read(INVITATION)?,
            },
            Self::Join { link, member_name } => Request::Join {
                link: link.read(INVITATION)?,
                member_name: member_name.clone(),
            },
            Self::ReadDeviceLink { link } => Request::ReadDeviceLink {
                link: link.read(DEVICE_LINK)?,
            },
            Self::JoinDevice { link, name } => Request::JoinAsDevice {
                link: link.read(DEVICE_LINK)?,
                device_name: name.clone(),
            },
            Self::Devices { command } => return Ok(DevicesCommand::wanted(command.as_ref())),
            Self::Admissions => Request::Admissions,
            Self::Endorse { admission } => Request::Endorse {
                admission: admission.clone(),
            },
            Self::Object { admission } => Request::Object {
                admission: admission.clone(),
            },
            Self::Members => Request::Members,
            Self::Detain { seat } => Request::Detain { seat: *seat },
            Self::Refound { conversation } => Request::Refound {
                conversation: conversation.clone(),
            },
            Self::Conversations => Request::Conversations,
            Self::Direct { seat } => Request::Direct { seat: *seat },
            Self::Group(command) => command.request(),
            Self::Arrange {
                conversation,
                muted,
                archived,
                pinned,
                receipts,
            } => Request::Arrange {
                conversation: conversation.clone(),
                muted: *muted,
                archived: *archived,
                pinned: *pinned,
                receipts: *receipts,
            },
            Self::Safety { seat, same: None } => Request::SafetyNumber { seat: *seat },
            Self::Safety {
                seat,
                same: Some(verified),
            } => Request::MarkVerified {
                seat: *seat,
                verified: *verified,
            },
            Self::Notices { on } => Request::SetNotices { on: *on },
            Self::Send {
                conversation,
                reply_to,
                text_file,
            } => Request::Send {
                conversation: conversation.clone(),
                text: crate::secret::read_text(text_file.as_deref())?,
                reply_to: reply_to.clone(),
            },
            Self::Attach {
                file,
                conversation,
                reply_to,
                text_file,
            } => Request::Attach {
                conversation: conversation.clone(),
                path: file.to_string_lossy().into_owned(),
                text: match text_file {
                    Some(file) => crate::secret::read_text(Some(file.as_path()))?,
                    None => String::new(),
                },
                reply_to: reply_to.clone(),
            },
            Self::Fetch {
                message,
                conversation,
                cancel,
            } => {
                let (conversation, message) = (conversation.clone(), message.clone());
                if *cancel {
                    Request::CancelTransfer {
                        conversation,
                        message,
                    }
                } else {
                    Request::Fetch {
                        conversation,
                        message,
                    }
                }
            }
            Self::Save {
                message,
                path,
                conversation,
            } => Request::SaveAttachment {
                conversation: conversation.clone(),
                message: message.clone(),
                path: path.to_string_lossy().into_owned(),
            },
            Self::Edit {
                message,
                conversation,
                text_file,
            } => Request::Edit {
                conversation: conversation.clone(),
                message: message.clone(),
                text: crate::secret::read_text(text_file.as_deref())?,
            },
            Self::Delete {
                message,
                conversation,
            } => Request::Delete {
                conversation: conversation.clone(),
                message: message.clone(),
            },
            Self::React {
                message,
                conversation,
                emoji_file,
                take_back,
            } => Request::React {
                conversation: conversation.clone(),
                message: message.clone(),
                emoji: crate::secret::read_text(emoji_file.as_deref())?,
                take_back: *take_back,
            },
            Self::Timer { timer, conversation } => Request::SetTimer {
                conversation: conversation.clone(),
                timer_ms: timer.0,
            },
            Self::Search {
                conversation,
                text_file,
                limit,
                ids: _,
            } => Request::Search {
                text: crate::secret::read_text(text_file.as_deref())?,
                conversation: conversation.clone(),
                limit: *limit,
            },
            Self::Read {
                conversation,
                before,
                limit,
                mark_read,
                ids: _,
            } => Request::Read {
                conversation: conversation.clone(),
                before: *before,
                limit: *limit,
                mark_read: *mark_read,
            },
            Self::Motion(command) => command.request()?,
            Self::Ballot(BallotCommand::Show { motion }) => Request::Ballot {
                motion: motion.clone(),
            },
            Self::Ballot(BallotCommand::Forward { motion, ballot_file }) => Request::ForwardBallot {
                motion: motion.clone(),
                ballot: one_line(&crate::secret::read_text(ballot_file.as_deref())?),
            },
            Self::Result { motion } => Request::Motion {
                motion: motion.clone(),
            },
            Self::Audit(AuditCommand::Export { path, level }) => Request::ExportAudit {
                path: path.to_string_lossy().into_owned(),
                level: *level,
            },
        })))
    }
}

impl DevicesCommand {
    fn wanted(command: Option<&Self>) -> Wanted {
        let request = match command {
            None | Some(Self::List) => Request::Devices,
            Some(Self::Link) => Request::LinkDevice,
            Some(Self::GiveUp) => Request::GiveUpDeviceLink,
            Some(Self::Cancel) => Request::CancelDeviceLink,
            Some(Self::Admit { code, no_history, .. }) => {
                return Wanted::Device(Asked::Admit {
                    code: code.join(" "),
                    history: !no_history,
                });
            }
            Some(Self::Revoke { device }) => {
                let device = device.clone();
                return Wanted::Device(Asked::Revoke { device });
            }
            Some(Self::Acknowledge { device }) => {
                let device = device.clone();
                return Wanted::Device(Asked::Acknowledge { device });
            }
        };
        Wanted::Request(Box::new(request))
    }
}

impl GroupCommand {
    fn request(&self) -> Request {
        match self {
            Self::Found { name, seats } => Request::FoundGroup {
                name: name.clone(),
                seats: seats.clone(),
            },
            Self::Rename { conversation, name } => Request::Rename {
                conversation: conversation.clone(),
                name: name.clone(),
            },
            Self::Bring { conversation, seats } => Request::Bring {
                conversation: conversation.clone(),
                seats: seats.clone(),
            },
            Self::AskToLeave { conversation, seat } => Request::AskToLeave {
                conversation: conversation.clone(),
                seat: *seat,
            },
        }
    }
}

impl MotionCommand {
    fn request(&self) -> Result<Request, Ending> {
        Ok(match self {
            Self::Propose {
                title,
                text_file,
                kind,
                question,
                quorum,
                majority,
                notice_ms,
                voting_ms,
            } => Request::Propose {
                title: title.clone(),
                text: crate::secret::read_text(text_file.as_deref())?,
                kind: *kind,
                question: question.question()?,
                rule: quorum
                    .zip(*majority)
                    .map(|((quorum_numerator, quorum_denominator), majority)| RuleView {
                        quorum_numerator,
                        quorum_denominator,
                        majority,
                    }),
                notice_ms: *notice_ms,
                voting_ms: *voting_ms,
            },
            Self::Second { motion } => Request::Second {
                motion: motion.clone(),
            },
            Self::Open { motion } => Request::Open {
                motion: motion.clone(),
            },
            Self::List => Request::Motions,
            Self::Show { motion } => Request::Motion {
                motion: motion.clone(),
            },
            Self::Withdraw { motion } => Request::Withdraw {
                motion: motion.clone(),
            },
        })
    }
}

fn read_charter(path: &Path) -> Result<CharterChanges, Ending> {
    let text = crate::secret::read_text(Some(path))?;
    serde_json::from_str(&text).map_err(|error| Ending::Usage(format!("{}: {error}", path.display())))
}

/// A ballot as it was before somebody's mail broke its line.
fn one_line(text: &str) -> String {
    text.split_whitespace().collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::args::Args;
    use crate::args::Command;
    use clap::Parser;

    fn wanted(words: &[&str]) -> Wanted {
        let words = ["veche", "--vault", "v"].iter().chain(words);
        match Args::try_parse_from(words).unwrap().command {
            Command::Once(command) => command.wanted().unwrap(),
            other => panic!("{other:?}"),
        }
    }

    fn request(words: &[&str]) -> Request {
        match wanted(words) {
            Wanted::Request(request) => *request,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn a_choice_is_read_from_its_file_and_understood_later() {
        let path = std::env::temp_dir().join(format!("veche-choice-{}", std::process::id()));
        std::fs::write(&path, "2 > 1\nmore\n").unwrap();
        let Wanted::Vote(voter) = wanted(&["vote", "77aa", "--choice-file", path.to_str().unwrap()]) else {
            panic!("a vote")
        };
        assert_eq!(voter.motion, "77aa");
        assert_eq!(voter.said.as_deref().map(String::as_str), Some("2 > 1"));
        let Wanted::Vote(voter) = wanted(&["vote", "77aa"]) else {
            panic!("a vote")
        };
        assert!(voter.said.is_none());
        std::fs::remove_file(path).unwrap();
    }

    #[test]
    fn a_device_is_let_in_with_what_was_said_unless_one_says_otherwise() {
        let table = [
            (&["devices", "admit", "4821093755"][..], "4821093755", true),
            (
                &["devices", "admit", "48210", "93755", "--history"],
                "48210 93755",
                true,
            ),
            (
                &["devices", "admit", "48210", "93755", "--no-history"],
                "48210 93755",
                false,
            ),
        ];
        for (words, code, history) in table {
            let Wanted::Device(asked) = wanted(words) else {
                panic!("about a device: {words:?}")
            };
            let code = code.to_owned();
            assert_eq!(asked, Asked::Admit { code, history });
        }
    }

    #[test]
    fn a_device_that_has_come_is_acknowledged_by_its_key() {
        let device = "4f2a".to_owned();
        let Wanted::Device(asked) = wanted(&["devices", "acknowledge", &device]) else {
            panic!("about a device")
        };
        assert_eq!(asked, Asked::Acknowledge { device });
    }

    #[test]
    fn devices_are_listed_whether_one_says_list_or_not() {
        assert_eq!(request(&["devices"]), Request::Devices);
        assert_eq!(request(&["devices", "list"]), Request::Devices);
        assert_eq!(request(&["devices", "link"]), Request::LinkDevice);
        assert_eq!(request(&["devices", "give-up"]), Request::GiveUpDeviceLink);
        assert_eq!(request(&["devices", "cancel"]), Request::CancelDeviceLink);
    }

    #[test]
    fn a_device_s_link_is_read_from_its_file() {
        let path = std::env::temp_dir().join(format!("veche-device-link-{}", std::process::id()));
        std::fs::write(&path, "veche:device/abc\n").unwrap();
        let file = path.to_str().unwrap();
        let link = "veche:device/abc".to_owned();
        assert_eq!(
            request(&["join-device", "--link-file", file, "--name", "Laptop"]),
            Request::JoinAsDevice {
                link: link.clone(),
                device_name: "Laptop".into(),
            }
        );
        assert_eq!(
            request(&["read-device-link", "--link-file", file]),
            Request::ReadDeviceLink { link }
        );
        std::fs::remove_file(path).unwrap();
    }

    #[test]
    fn a_vote_is_taken_back_by_its_motion() {
        let motion = "77aa".to_owned();
        assert_eq!(request(&["cancel", "77aa"]), Request::Cancel { motion });
    }

    #[test]
    fn one_s_own_ballot_is_shown() {
        let motion = "77aa".to_owned();
        assert_eq!(request(&["ballot", "show", "77aa"]), Request::Ballot { motion });
    }

    #[test]
    fn messages_are_named_and_their_words_come_from_files() {
        let path = std::env::temp_dir().join(format!("veche-words-{}", std::process::id()));
        std::fs::write(&path, "👍\n").unwrap();
        let file = path.to_str().unwrap();
        let message = "5b0c".to_owned();
        assert_eq!(
            request(&["react", "5b0c", "--emoji-file", file, "--take-back"]),
            Request::React {
                conversation: None,
                message: message.clone(),
                emoji: "👍".into(),
                take_back: true,
            }
        );
        assert_eq!(
            request(&["send", "--reply-to", "5b0c", "--text-file", file]),
            Request::Send {
                conversation: None,
                text: "👍".into(),
                reply_to: Some(message.clone()),
            }
        );
        assert_eq!(
            request(&["delete", "5b0c", "--conversation", "aa"]),
            Request::Delete {
                conversation: Some("aa".into()),
                message,
            }
        );
        assert_eq!(
            request(&["timer", "off"]),
            Request::SetTimer {
                conversation: None,
                timer_ms: None,
            }
        );
        std::fs::remove_file(path).unwrap();
    }

    #[test]
    fn a_colleague_s_ballot_is_forwarded_however_its_line_was_broken() {
        let path = std::env::temp_dir().join(format!("veche-ballot-{}", std::process::id()));
        std::fs::write(&path, "8301\r\n5820 \n ff\n").unwrap();
        let file = path.to_str().unwrap();
        assert_eq!(
            request(&["ballot", "forward", "77aa", "--ballot-file", file]),
            Request::ForwardBallot {
                motion: "77aa".into(),
                ballot: "83015820ff".into(),
            }
        );
        std::fs::remove_file(path).unwrap();
    }

    #[test]
    fn a_charter_file_names_what_differs_and_nothing_unknown() {
        let path = std::env::temp_dir().join(format!("veche-charter-{}.json", std::process::id()));
        std::fs::write(&path, r#"{"seconders": 1, "notice_ms": 5000}"#).unwrap();
        let charter = read_charter(&path).unwrap();
        assert_eq!(
            (charter.seconders, charter.notice_ms, charter.trustees),
            (Some(1), Some(5000), None)
        );
        std::fs::write(&path, r#"{"seconder": 1}"#).unwrap();
        assert!(read_charter(&path).unwrap_err().to_string().contains("seconder"));
        std::fs::remove_file(path).unwrap();
    }
}
