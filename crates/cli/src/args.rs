//! The command line. Nothing secret is ever an argument: others on the machine can read arguments.

mod devices;
mod link;

use app::dto::AuditLevel;
use app::dto::views::{Carrier, Majority, ReceiptLevel, Role, VoteKind};
use clap::{Parser, Subcommand, ValueEnum};
use serde::de::DeserializeOwned;
use std::path::PathBuf;

use crate::question::QuestionArgs;
use crate::secret::Source;
pub(crate) use devices::DevicesCommand;
pub(crate) use link::LinkSource;

/// Veche: an assembly that talks, decides and proves what it decided.
#[derive(Debug, Parser)]
#[command(version, about, max_term_width = 100)]
pub(crate) struct Args {
    /// Folder of the vault.
    #[arg(long, value_name = "DIR")]
    pub(crate) vault: PathBuf,
    /// File whose first line is the passphrase; without it and --passphrase-fd the terminal asks.
    #[arg(long, value_name = "FILE", conflicts_with = "passphrase_fd")]
    passphrase_file: Option<PathBuf>,
    /// File descriptor whose first line is the passphrase.
    #[arg(long, value_name = "N")]
    passphrase_fd: Option<u32>,
    /// Cost of guessing the passphrase, chosen when the vault is created; light is for demonstrations and tests.
    #[arg(long, value_enum, value_name = "COST")]
    pub(crate) argon2: Option<Argon2>,
    /// Way to the relay, from now on: direct or socks5://HOST:PORT.
    #[arg(long, value_parser = read_carrier, value_name = "WAY")]
    pub(crate) carrier: Option<Carrier>,
    /// Print answers and refusals as JSON.
    #[arg(long, global = true)]
    pub(crate) json: bool,
    /// Longest time that a single command waits for the relay, in seconds.
    #[arg(long, global = true, default_value_t = 30, value_name = "SECONDS")]
    pub(crate) wait: u64,
    /// What to do.
    #[command(subcommand)]
    pub(crate) command: Command,
}

impl Args {
    /// Where the passphrase comes from.
    pub(crate) fn passphrase(&self) -> Source {
        Source {
            file: self.passphrase_file.clone(),
            fd: self.passphrase_fd,
        }
    }
}

/// Cost of guessing the passphrase.
#[derive(Debug, Clone, Copy, ValueEnum)]
pub(crate) enum Argon2 {
    /// About a second for each guess.
    Standard,
    /// Next to nothing: for demonstrations and tests only.
    Light,
}

/// What to do.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Create a vault.
    Create,
    /// Stay, do a member's duties, and speak JSON lines on standard input and output.
    Agent,
    #[command(flatten)]
    Once(Once),
}

/// Single commands: each makes one request.
#[derive(Debug, Subcommand)]
pub(crate) enum Once {
    /// The assembly, one's own place in it, and the state of the connection.
    Overview,
    /// Found an assembly on a relay.
    Found {
        /// Its name.
        #[arg(long)]
        name: String,
        /// Founding declaration.
        #[arg(long, value_name = "FILE")]
        declaration_file: PathBuf,
        /// File with the relay's address line (it may carry a token).
        #[arg(long, value_name = "FILE")]
        relay_file: PathBuf,
        /// Own name, as members see it.
        #[arg(long)]
        member_name: String,
        /// JSON file with the numbers of the charter that differ from the defaults.
        #[arg(long, value_name = "FILE")]
        charter_file: Option<PathBuf>,
    },
    /// Make an invitation for one person.
    Invite {
        /// Role offered: deputy, expert or observer.
        #[arg(long, value_parser = read_word::<Role>, default_value = "deputy")]
        role: Role,
        /// For how long it can be used, in milliseconds.
        #[arg(long)]
        valid_ms: Option<u64>,
        /// A way to the relay to send along: direct or socks5://HOST:PORT.
        #[arg(long, value_parser = read_carrier)]
        offer_carrier: Option<Carrier>,
    },
    /// Read an invitation without using it.
    ReadInvitation {
        #[command(flatten)]
        link: LinkSource,
    },
    /// Ask to be let in by an invitation.
    Join {
        #[command(flatten)]
        link: LinkSource,
        /// Own name, as members will see it.
        #[arg(long)]
        member_name: String,
    },
    /// Read the link of a device of one's own without using it.
    ReadDeviceLink {
        #[command(flatten)]
        link: LinkSource,
    },
    /// Make this vault that of a further device of one's own, by the link that the first one made: the first one lets it in
    /// once the codes have been compared.
    JoinDevice {
        #[command(flatten)]
        link: LinkSource,
        /// What one's own devices call it.
        #[arg(long)]
        name: String,
    },
    /// Devices of one's own; without a command, lists them.
    Devices {
        #[command(subcommand)]
        command: Option<DevicesCommand>,
    },
    /// Admissions that wait for something.
    Admissions,
    /// Endorse an admission.
    Endorse {
        /// The admission.
        admission: String,
    },
    /// Object to an admission.
    Object {
        /// The admission.
        admission: String,
    },
    /// All members.
    Members,
    /// Report a member as detained.
    Detain {
        /// The seat.
        seat: u32,
    },
    /// Propose that the plenary be founded anew, because nobody can follow it any more; or sign a proposal.
    Refound {
        /// The proposal to sign, as the overview names it; a new one if absent.
        conversation: Option<String>,
    },
    /// Conversations.
    Conversations,
    /// The direct conversation with a member; begun if there is none.
    Direct {
        /// The member's seat.
        seat: u32,
    },
    /// Working groups.
    #[command(subcommand)]
    Group(GroupCommand),
    /// How a conversation stands before oneself; others learn nothing of it.
    Arrange {
        /// The conversation.
        conversation: String,
        /// Whether nothing is told when something is said in it.
        #[arg(long)]
        muted: Option<bool>,
        /// Whether it is put away.
        #[arg(long)]
        archived: Option<bool>,
        /// Whether it stands before the others.
        #[arg(long)]
        pinned: Option<bool>,
        /// What the others are told of how far this device has come: none, arrived or read.
        #[arg(long, value_parser = read_word::<ReceiptLevel>)]
        receipts: Option<ReceiptLevel>,
    },
    /// The safety number with a member: read it to each other, or compare the codes.
    Safety {
        /// The member's seat.
        seat: u32,
        /// Note that it has been compared and is the same (or, with `false`, that it is to be compared anew).
        #[arg(long)]
        same: Option<bool>,
    },
    /// Whether events tell that something has happened.
    Notices {
        /// Whether they do.
        #[arg(action = clap::ArgAction::Set)]
        on: bool,
    },
    /// Send what standard input (or a file) says.
    Send {
        /// The conversation; the plenary if absent.
        #[arg(long)]
        conversation: Option<String>,
        /// The message that it answers.
        #[arg(long, value_name = "MESSAGE")]
        reply_to: Option<String>,
        /// File with the words; standard input if absent.
        #[arg(long, value_name = "FILE")]
        text_file: Option<PathBuf>,
    },
    /// Send a file; at most 64 MiB. A picture (JPEG, PNG, WebP) loses what cameras write into it, other files go as they are.
    Attach {
        /// The file.
        file: PathBuf,
        /// The conversation; the plenary if absent.
        #[arg(long)]
        conversation: Option<String>,
        /// The message that it answers.
        #[arg(long, value_name = "MESSAGE")]
        reply_to: Option<String>,
        /// File with words that go with it; none if absent.
        #[arg(long, value_name = "FILE")]
        text_file: Option<PathBuf>,
    },
    /// Fetch a message's file, or go on, until it is here.
    Fetch {
        /// The message.
        message: String,
        /// The conversation; the plenary if absent.
        #[arg(long)]
        conversation: Option<String>,
        /// Stop instead: a file that is being sent never is, of one that is being fetched nothing stays.
        #[arg(long)]
        cancel: bool,
    },
    /// Write a message's file that is here to the disk.
    Save {
        /// The message.
        message: String,
        /// Where to; must not exist.
        path: PathBuf,
        /// The conversation; the plenary if absent.
        #[arg(long)]
        conversation: Option<String>,
    },
    /// Change the words of an own message to what standard input (or a file) says.
    Edit {
        /// The message.
        message: String,
        /// The conversation; the plenary if absent.
        #[arg(long)]
        conversation: Option<String>,
        /// File with the words; standard input if absent.
        #[arg(long, value_name = "FILE")]
        text_file: Option<PathBuf>,
    },
    /// Take an own message back from everybody.
    Delete {
        /// The message.
        message: String,
        /// The conversation; the plenary if absent.
        #[arg(long)]
        conversation: Option<String>,
    },
    /// React to a message with the one character that standard input (or a file) says.
    React {
        /// The message.
        message: String,
        /// The conversation; the plenary if absent.
        #[arg(long)]
        conversation: Option<String>,
        /// File with the character; standard input if absent.
        #[arg(long, value_name = "FILE")]
        emoji_file: Option<PathBuf>,
        /// Take the reaction back.
        #[arg(long)]
        take_back: bool,
    },
    /// Let messages disappear from now on.
    Timer {
        /// After so many milliseconds, 10 seconds to 366 days, or "off".
        #[arg(value_parser = read_timer, value_name = "MS")]
        timer: Timer,
        /// The conversation; the plenary if absent.
        #[arg(long)]
        conversation: Option<String>,
    },
    /// Look for messages that have the words which standard input (or a file) says, or words that begin so.
    Search {
        /// The conversation; all if absent.
        #[arg(long)]
        conversation: Option<String>,
        /// File with the words; standard input if absent.
        #[arg(long, value_name = "FILE")]
        text_file: Option<PathBuf>,
        /// At most so many.
        #[arg(long)]
        limit: Option<u32>,
        /// Show the messages' ids.
        #[arg(long)]
        ids: bool,
    },
    /// Read messages.
    Read {
        /// The conversation; the plenary if absent.
        #[arg(long)]
        conversation: Option<String>,
        /// Only messages below this position.
        #[arg(long)]
        before: Option<u64>,
        /// At most so many.
        #[arg(long)]
        limit: Option<u32>,
        /// Count them as read.
        #[arg(long)]
        mark_read: bool,
        /// Show the messages' ids.
        #[arg(long)]
        ids: bool,
    },
    /// Motions.
    #[command(subcommand)]
    Motion(MotionCommand),
    /// Vote. The choice is asked for after what there is to choose from is shown, or read from a file or descriptor: for,
    /// against, abstain; options by their numbers from 1, as in `2`, `1 4`, or, ranked, `2 > 1 = 3`.
    Vote {
        /// The motion.
        motion: String,
        /// File whose first line is the choice.
        #[arg(long, value_name = "FILE", conflicts_with = "choice_fd")]
        choice_file: Option<PathBuf>,
        /// File descriptor whose first line is the choice.
        #[arg(long, value_name = "N")]
        choice_fd: Option<u32>,
    },
    /// Take one's own secret vote back, while its ballot is not made yet; one may vote anew.
    Cancel {
        /// The motion.
        motion: String,
    },
    /// Ballots that a box refuses: carried by a colleague.
    #[command(subcommand)]
    Ballot(BallotCommand),
    /// Outcome of a motion, with its proof.
    Result {
        /// The motion.
        motion: String,
    },
    /// Audit files.
    #[command(subcommand)]
    Audit(AuditCommand),
}

/// Commands about working groups.
#[derive(Debug, Subcommand)]
pub(crate) enum GroupCommand {
    /// Found a working group; deputies only.
    Found {
        /// Its name.
        #[arg(long)]
        name: String,
        /// Seats of the members to bring in.
        seats: Vec<u32>,
    },
    /// Give it another name; deputies only.
    Rename {
        /// The working group.
        conversation: String,
        /// Its name.
        name: String,
    },
    /// Bring members in; deputies only.
    Bring {
        /// The working group.
        conversation: String,
        /// Their seats.
        #[arg(required = true)]
        seats: Vec<u32>,
    },
    /// Leave, or ask that somebody else leave: that happens when more than half of the other deputies in it ask.
    AskToLeave {
        /// The working group.
        conversation: String,
        /// One's own seat, or another's.
        seat: u32,
    },
}

/// Commands about motions.
#[derive(Debug, Subcommand)]
pub(crate) enum MotionCommand {
    /// Propose a motion.
    Propose {
        /// Title.
        #[arg(long)]
        title: String,
        /// File with the text; standard input if absent.
        #[arg(long, value_name = "FILE")]
        text_file: Option<PathBuf>,
        /// roll_call or secret.
        #[arg(long, value_parser = read_word::<VoteKind>)]
        kind: VoteKind,
        #[command(flatten)]
        question: QuestionArgs,
        /// Quorum as a share of the electorate, such as 1/2; with --majority.
        #[arg(long, value_parser = read_share, requires = "majority", value_name = "N/M")]
        quorum: Option<(u32, u32)>,
        /// simple, absolute, two_thirds, three_quarters or consensus; with --quorum; simple if there are options.
        #[arg(long, value_parser = read_word::<Majority>, requires = "quorum")]
        majority: Option<Majority>,
        /// Notice before the opening, in milliseconds.
        #[arg(long)]
        notice_ms: Option<u64>,
        /// Voting time, in milliseconds.
        #[arg(long)]
        voting_ms: Option<u64>,
    },
    /// Second a motion.
    Second {
        /// The motion.
        motion: String,
    },
    /// Open a motion whose notice is over.
    Open {
        /// The motion.
        motion: String,
    },
    /// All motions, newest first.
    List,
    /// One motion.
    Show {
        /// The motion.
        motion: String,
    },
    /// Withdraw one's own motion before it opens.
    Withdraw {
        /// The motion.
        motion: String,
    },
}

/// Commands about ballots that a box refuses.
#[derive(Debug, Subcommand)]
pub(crate) enum BallotCommand {
    /// Show one's own sealed ballot while it waits, to be handed to one member who posts it in the journal. That
    /// member learns whose it is and, after the count, can learn the choice.
    Show {
        /// The motion.
        motion: String,
    },
    /// Post a colleague's ballot in the journal. Everybody sees who posted it, nobody whose it is.
    Forward {
        /// The motion.
        motion: String,
        /// File with the ballot; standard input if absent.
        #[arg(long, value_name = "FILE")]
        ballot_file: Option<PathBuf>,
    },
}

/// Commands about audit files.
#[derive(Debug, Subcommand)]
pub(crate) enum AuditCommand {
    /// Write an audit file.
    Export {
        /// Where to; must not exist.
        path: PathBuf,
        /// members (names opened) or public (seat numbers only).
        #[arg(long, value_parser = read_word::<AuditLevel>, default_value = "public")]
        level: AuditLevel,
    },
}

/// Reads a word of one of the interface's closed lists.
pub(crate) fn read_word<T: DeserializeOwned>(text: &str) -> Result<T, String> {
    let word = serde_json::Value::String(text.trim().to_owned());
    serde_json::from_value(word).map_err(|error| error.to_string())
}

fn read_carrier(text: &str) -> Result<Carrier, String> {
    if text == "direct" {
        return Ok(Carrier::Direct);
    }
    match text.strip_prefix("socks5://") {
        Some(address) if address.contains(':') => Ok(Carrier::Socks5 {
            address: address.to_owned(),
        }),
        _ => Err("say direct or socks5://HOST:PORT".to_owned()),
    }
}

/// After which time messages disappear; never if absent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Timer(pub(crate) Option<u64>);

fn read_timer(text: &str) -> Result<Timer, String> {
    if text == "off" {
        return Ok(Timer(None));
    }
    let ms = text.parse().map_err(|_| "say milliseconds or off".to_owned())?;
    Ok(Timer(Some(ms)))
}

fn read_share(text: &str) -> Result<(u32, u32), String> {
    let share = text
        .split_once('/')
        .and_then(|(n, m)| Some((n.parse().ok()?, m.parse().ok()?)));
    share.ok_or_else(|| "say a share such as 1/2".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory;

    #[test]
    fn the_command_line_is_consistent() {
        Args::command().debug_assert();
    }

    #[test]
    fn reads_carriers_and_shares() {
        assert_eq!(read_carrier("direct"), Ok(Carrier::Direct));
        assert_eq!(
            read_carrier("socks5://127.0.0.1:9050"),
            Ok(Carrier::Socks5 {
                address: "127.0.0.1:9050".into()
            })
        );
        assert!(read_carrier("tor").is_err());
        assert_eq!(read_share("2/3"), Ok((2, 3)));
        assert!(read_share("half").is_err());
    }

    #[test]
    fn reads_timers() {
        assert_eq!(read_timer("off"), Ok(Timer(None)));
        assert_eq!(read_timer("86400000"), Ok(Timer(Some(86_400_000))));
        assert!(read_timer("1d").is_err());
    }

    #[test]
    fn nothing_secret_is_an_argument() {
        let command = Args::command();
        let ballot = command.find_subcommand("ballot").unwrap();
        let forward = ballot.find_subcommand("forward").unwrap();
        let others = [
            "join",
            "vote",
            "send",
            "edit",
            "react",
            "search",
            "read-invitation",
            "join-device",
            "read-device-link",
        ];
        let others = others.map(|name| command.find_subcommand(name).unwrap());
        for subcommand in others.into_iter().chain([forward]) {
            let name = subcommand.get_name();
            let arguments = subcommand.get_positionals();
            let names: Vec<_> = arguments
                .map(|argument| argument.get_id().as_str().to_owned())
                .collect();
            let harmless = names.is_empty() || names == ["motion"] || names == ["message"];
            assert!(harmless, "{name} takes {names:?}");
        }
    }
}
