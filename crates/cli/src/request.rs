//! The request that each single command makes.

use app::dto::views::{QuestionView, RuleView};
use app::dto::{CharterChanges, Request};
use std::path::Path;

use crate::args::{AuditCommand, BallotCommand, MotionCommand, Once, read_word};
use crate::ending::Ending;
use crate::secret::Source;

impl Once {
    /// The request that the command makes; reads what it needs from files, descriptors or the terminal.
    pub(crate) fn request(&self) -> Result<Request, Ending> {
        Ok(match self {
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
            Self::ReadInvitation { link } => Request::ReadInvitation { link: link.read()? },
            Self::Join { link, member_name } => Request::Join {
                link: link.read()?,
                member_name: member_name.clone(),
            },
            Self::Admissions => Request::Admissions,
            Self::Endorse { admission } => Request::Endorse {
                admission: admission.clone(),
            },
            Self::Object { admission } => Request::Object {
                admission: admission.clone(),
            },
            Self::Members => Request::Members,
            Self::Detain { seat } => Request::Detain { seat: *seat },
            Self::Conversations => Request::Conversations,
            Self::Send {
                conversation,
                text_file,
            } => Request::Send {
                conversation: conversation.clone(),
                text: crate::secret::read_text(text_file.as_deref())?,
            },
            Self::Read {
                conversation,
                before,
                limit,
                mark_read,
            } => Request::Read {
                conversation: conversation.clone(),
                before: *before,
                limit: *limit,
                mark_read: *mark_read,
            },
            Self::Motion(command) => command.request()?,
            Self::Vote {
                motion,
                choice_file,
                choice_fd,
            } => {
                let source = Source {
                    file: choice_file.clone(),
                    fd: *choice_fd,
                };
                let choice = source.read("Choice (for, against, abstain): ")?;
                Request::Vote {
                    motion: motion.clone(),
                    choice: read_word(&choice).map_err(Ending::Usage)?,
                }
            }
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
        })
    }
}

impl MotionCommand {
    fn request(&self) -> Result<Request, Ending> {
        Ok(match self {
            Self::Propose {
                title,
                text_file,
                kind,
                quorum,
                majority,
                notice_ms,
                voting_ms,
            } => Request::Propose {
                title: title.clone(),
                text: crate::secret::read_text(text_file.as_deref())?,
                kind: *kind,
                question: QuestionView::default(),
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

    fn request(words: &[&str]) -> Request {
        let words = ["veche", "--vault", "v"].iter().chain(words);
        match Args::try_parse_from(words).unwrap().command {
            Command::Once(command) => command.request().unwrap(),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn one_s_own_ballot_is_shown() {
        let motion = "77aa".to_owned();
        assert_eq!(request(&["ballot", "show", "77aa"]), Request::Ballot { motion });
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
