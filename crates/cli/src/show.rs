//! Answers in words, for a person at a terminal.

mod devices;
mod options;
mod plenary;

use crate::args::{BallotCommand, DevicesCommand, Once};
use crate::choice;
use crate::printable::{printable_emoji, printable_line};
use app::dto::Answer;
use app::dto::views::{
    AdmissionView, AssemblyView, ConversationKind, ConversationStanding, ConversationView, InvitationView,
    MemberView, MessageContent, MessageView, MotionView, Overview, QuestionView, ResultView, Standing,
};
use devices::{show_devices, show_link_read, show_new_device};
use options::{show_options, show_question};
use plenary::show_plenary;
use serde::Serialize;
use std::fmt::Write;

/// What is shown only where it was asked for.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Details {
    /// The proof of a result.
    pub(crate) proof: bool,
    /// Ids of messages.
    pub(crate) ids: bool,
}

/// The answer as lines of text.
pub(crate) fn answer(answer: &Answer, details: Details) -> String {
    let Details { proof, ids } = details;
    let mut text = String::new();
    match answer {
        Answer::Done => line(&mut text, "Done.", ""),
        Answer::Overview { overview } => show_overview(&mut text, overview),
        Answer::Founded { assembly } => line(&mut text, "Founded: assembly", assembly),
        Answer::Invitation { link, expires } | Answer::DeviceLink { link, expires } => {
            line(&mut text, "", link);
            line(&mut text, "It can be used until", &time(*expires));
        }
        Answer::InvitationRead { invitation } => show_invitation(&mut text, invitation),
        Answer::Devices { devices } => show_devices(&mut text, devices),
        Answer::DeviceLinkRead { link } => show_link_read(&mut text, link),
        Answer::Admissions { admissions } => {
            admissions.iter().for_each(|view| show_admission(&mut text, view))
        }
        Answer::Members { members } => members.iter().for_each(|view| show_member(&mut text, view)),
        Answer::SafetyNumber { digits, verified, .. } => show_safety(&mut text, digits, *verified),
        Answer::Conversations { conversations } => {
            conversations
                .iter()
                .for_each(|view| show_conversation(&mut text, view));
        }
        Answer::Conversation { conversation } => line(&mut text, "Conversation:", conversation),
        Answer::Sent { message } => line(&mut text, "Sent: message", message),
        Answer::Messages { messages } => {
            messages
                .iter()
                .for_each(|view| show_message(&mut text, view, ids));
        }
        Answer::Found { messages } => messages
            .iter()
            .for_each(|found| show_message(&mut text, &found.message, ids)),
        Answer::Proposed { motion } => line(&mut text, "Proposed: motion", motion),
        Answer::Motions { motions } => motions.iter().for_each(|view| show_motion_line(&mut text, view)),
        Answer::Motion { motion } => show_motion(&mut text, motion, proof),
        // For windows; a terminal shows no pictures.
        Answer::Picture { data } => line(&mut text, "", data),
        Answer::Exported { path, bytes } => line(&mut text, "Written:", &format!("{path}, {bytes} bytes")),
        // Alone on its line: it is handed on as it is.
        Answer::Ballot { ballot } => line(&mut text, "", ballot),
    }
    text
}

/// What whoever hands on a ballot, carries one, or lets a device in has to know.
pub(crate) const fn caution(command: &Once) -> Option<&'static str> {
    match command {
        Once::Ballot(BallotCommand::Show { .. }) => Some(
            "give this to one member whom you trust, never to the plenary: that member learns that the ballot is yours \
             and, after the count, can learn your choice; the others see only who posted it",
        ),
        Once::Ballot(BallotCommand::Forward { .. }) => Some(
            "everybody sees that you posted a ballot, but not whose; tell nobody, and delete what was sent to you",
        ),
        Once::Devices {
            command: Some(DevicesCommand::Link),
        } => Some(
            "the link is a secret: whoever has it can come in place of your device; let nobody in whose code you have not \
             compared",
        ),
        Once::Devices {
            command: Some(DevicesCommand::Admit {
                no_history: false, ..
            }),
        } => Some("the device gets what was said so far; with --no-history it would not"),
        _ => None,
    }
}

fn own_place(assembly: &AssemblyView) -> String {
    match (assembly.standing, assembly.seat) {
        (Standing::Entering, _) => {
            "this device is let in; the journal and the conversations are on their way".to_owned()
        }
        (Standing::Removed, _) => "removed: no longer a member".to_owned(),
        (Standing::Revoked, _) => "this device was revoked; the member stays, on other devices".to_owned(),
        (standing, None) => format!("{}, no seat yet", word(&standing)),
        (standing, Some(seat)) => format!("{}, seat {seat}", word(&standing)),
    }
}

fn show_overview(text: &mut String, view: &Overview) {
    match &view.assembly {
        None => line(text, "This vault belongs to no assembly yet.", ""),
        Some(assembly) => {
            line(text, &assembly.name, &format!("({})", assembly.id));
            line(text, "Own place:", &own_place(assembly));
            if let Some(code) = &assembly.device_code {
                line(text, "Code, to compare on the first device:", code);
            }
            line(text, "Seats:", &assembly.seats.to_string());
            let witnessed = &assembly.witnessed;
            line(
                text,
                "Journal:",
                &format!(
                    "{} entries, {} of them cosigned by {} witnesses ({} make a quorum)",
                    assembly.journal_entries, witnessed.entries, witnessed.cosignatures, witnessed.quorum
                ),
            );
            if let Some(plenary) = &assembly.plenary {
                show_plenary(text, plenary);
            }
        }
    }
    line(text, "Connection:", &word(&view.connection.state));
    if let Some(skew) = view.connection.clock_skew_ms {
        line(
            text,
            "This machine's clock differs from the relay's by",
            &format!("{} s", skew / 1000),
        );
    }
    line(text, "Waiting in the outbox:", &view.outbox_entries.to_string());
    if let Some(notice) = &view.notice {
        line(text, "Notice:", &word(notice));
    }
    for device in &view.new_devices {
        show_new_device(text, device);
    }
    for evidence in &view.evidence {
        line(
            text,
            if evidence.by.is_some() {
                "TOLD BY OTHERS:"
            } else {
                "EVIDENCE:"
            },
            &format!(
                "{} in log {}: {}",
                word(&evidence.kind),
                evidence.log,
                evidence.details
            ),
        );
    }
}

fn show_invitation(text: &mut String, view: &InvitationView) {
    line(
        text,
        "Invitation to",
        &format!("{} ({})", view.assembly_name, view.assembly),
    );
    line(text, "Role:", &word(&view.role));
    line(text, "Relay:", &view.relay);
    line(text, "It can be used until", &time(view.expires));
}

fn show_admission(text: &mut String, view: &AdmissionView) {
    let endorsed = format!("{} of {} endorsements", view.endorsed_by.len(), view.needed);
    let objected = match view.objected_by.len() {
        0 => String::new(),
        count => format!(", {count} objections"),
    };
    let state = word(&view.state);
    line(
        text,
        &view.id,
        &format!(
            "{} ({}): {state}, {endorsed}{objected}",
            view.name,
            word(&view.role)
        ),
    );
}

fn show_member(text: &mut String, view: &MemberView) {
    let trustee = if view.trustee { ", trustee" } else { "" };
    let own = if view.own { " (you)" } else { "" };
    let what = format!(
        "{}{own}: {}, {}{trustee}",
        view.name,
        word(&view.role),
        word(&view.state)
    );
    line(text, &format!("{:>4} ", view.seat), &what);
}

fn show_conversation(text: &mut String, view: &ConversationView) {
    let title = if view.title.is_empty() {
        word(&view.kind)
    } else {
        view.title.clone()
    };
    let counts = format!(
        "{} devices, {} messages, {} unread, {} with a mention",
        view.members, view.messages, view.unread, view.mentions
    );
    line(text, &view.id, &format!("{title}: {counts}, code {}", view.code));
    let seats = |seats: &[u32]| {
        seats
            .iter()
            .map(|seat| format!("№ {seat}"))
            .collect::<Vec<_>>()
            .join(", ")
    };
    if view.kind == ConversationKind::Group {
        let present: Vec<u32> = view.present.iter().map(|present| present.seat).collect();
        line(text, "  In it:", &seats(&present));
    }
    if !view.coming.is_empty() {
        line(text, "  On the way in:", &seats(&view.coming));
    }
    if !view.leaving.is_empty() {
        line(text, "  Asked to leave:", &seats(&view.leaving));
    }
    match view.standing {
        ConversationStanding::Active => {}
        ConversationStanding::Left => line(text, "  This device is out of it;", "what was said can be read"),
        ConversationStanding::Ended => line(
            text,
            "  It has ended:",
            "the plenary was founded anew; what was said can be read",
        ),
        ConversationStanding::Halted => line(
            text,
            "  This device cannot follow it;",
            "it asks to be added again",
        ),
    }
    let marks = [
        (view.pinned, "pinned"),
        (view.muted, "muted"),
        (view.archived, "archived"),
    ];
    let marks: Vec<&str> = marks
        .into_iter()
        .filter_map(|(set, mark)| set.then_some(mark))
        .collect();
    if !marks.is_empty() {
        line(text, "  ", &marks.join(", "));
    }
    if let Some(ms) = view.timer_ms {
        line(text, "  Messages disappear after", &span(ms));
    }
    for finding in &view.findings {
        let broken = format!("{} messages broke it and were skipped", finding.count);
        line(text, &format!("  {}:", finding.rule), &broken);
    }
}

/// The digits as people read them out: twelve groups of five.
fn show_safety(text: &mut String, digits: &str, verified: Option<u64>) {
    let groups: Vec<&str> = (0..digits.len())
        .step_by(5)
        .filter_map(|from| digits.get(from..from.saturating_add(5)))
        .collect();
    groups.chunks(4).for_each(|row| line(text, "", &row.join(" ")));
    match verified {
        Some(at) => line(text, "Compared, and the same:", &time(at)),
        None => line(text, "Not compared yet.", ""),
    }
}

fn show_message(text: &mut String, view: &MessageView, ids: bool) {
    let content = match &view.content {
        MessageContent::Text { text, .. } => text.clone(),
        MessageContent::Attachment {
            name,
            bytes,
            text,
            transfer,
            ..
        } => {
            let file = format!("[file {name}, {bytes} bytes, {}]", word(&transfer.state));
            if text.is_empty() {
                file
            } else {
                format!("{file}\n{text}")
            }
        }
        MessageContent::Roster { added, removed } => {
            format!("[roster: added {added:?}, removed {removed:?}]")
        }
        MessageContent::Deleted => "[taken back]".to_owned(),
        MessageContent::Timer { timer_ms: Some(ms) } => {
            format!("[messages disappear after {} from now on]", span(*ms))
        }
        MessageContent::Timer { timer_ms: None } => "[messages stay from now on]".to_owned(),
        MessageContent::Renamed { name } => format!("[renamed the group: {name}]"),
        MessageContent::NeedsNewerVersion => "[needs a newer version]".to_owned(),
    };
    let changed = match view.edits {
        0 => String::new(),
        1 => " (changed)".to_owned(),
        edits => format!(" (changed {edits} times)"),
    };
    words(
        text,
        &format!("{} {}{changed}:", time(view.time), view.name),
        &content,
    );
    if let Some(reply) = &view.reply {
        let answered = if reply.there {
            format!("{}: {}", reply.name, reply.excerpt)
        } else {
            "a message that is not there".to_owned()
        };
        line(text, "    answers", &answered);
    }
    if !view.reactions.is_empty() {
        let reactions: Vec<_> = view
            .reactions
            .iter()
            .map(|reaction| format!("{} {}", printable_emoji(&reaction.emoji), reaction.seats.len()))
            .collect();
        // Joiners and selectors within an emoji are no deceit: it was checked to be one character.
        let _ = writeln!(text, "    {}", reactions.join(", "));
    }
    if let Some(over) = view.over {
        line(text, "    disappears", &time(over));
    }
    if ids {
        line(text, "    id", &view.id);
    }
}

/// A span in the largest unit that it is whole in.
fn span(ms: u64) -> String {
    let units = [(86_400_000, "d"), (3_600_000, "h"), (60_000, "min"), (1_000, "s")];
    let whole = units.iter().find(|(unit, _)| ms.is_multiple_of(*unit));
    whole.map_or_else(
        || format!("{ms} ms"),
        |(unit, name)| format!("{} {name}", ms / unit),
    )
}

fn show_motion_line(text: &mut String, view: &MotionView) {
    line(
        text,
        &view.id,
        &format!("{} ({}): {}", view.title, word(&view.kind), word(&view.phase)),
    );
}

fn show_motion(text: &mut String, view: &MotionView, proof: bool) {
    show_motion_line(text, view);
    words(text, "", &view.text);
    show_question(text, &view.question);
    line(
        text,
        "Seconded by",
        &format!("{} of {} needed", view.seconded_by.len(), view.seconders_needed),
    );
    if let Some(closes) = view.closes {
        line(text, "Closes:", &time(closes));
    }
    if let (Some(electorate), Some(quorum)) = (view.electorate, view.quorum) {
        let roll = view
            .roll
            .map_or_else(String::new, |roll| format!("; a ballot hides among {roll}"));
        line(
            text,
            "Taking part:",
            &format!("{} of {electorate}, quorum {quorum}{roll}", view.ballots),
        );
    }
    let own = match &view.mine.choice {
        Some(choice) => format!("{} ({})", choice::words(choice), word(&view.mine.state)),
        None => word(&view.mine.state),
    };
    line(text, "Own vote:", &own);
    if let Some(result) = &view.result {
        show_result(text, &view.question, result, proof);
    }
}

fn show_result(text: &mut String, question: &QuestionView, view: &ResultView, proof: bool) {
    match &view.options {
        Some(votes) => show_options(text, question, view, votes),
        None => {
            let outcome = if view.adopted { "ADOPTED" } else { "NOT ADOPTED" };
            let counts = format!(
                "for {}, against {}, abstain {}",
                view.votes_for, view.votes_against, view.votes_abstain
            );
            line(text, outcome, &format!("{counts}, spoilt {}", view.spoilt));
        }
    }
    line(text, "Devices that agree:", &view.agree.to_string());
    if view.disagree > 0 {
        line(text, "DEVICES THAT DISAGREE:", &view.disagree.to_string());
    }
    for vote in &view.roll_call {
        line(
            text,
            &format!("  seat {}:", vote.seat),
            &choice::words(&vote.choice),
        );
    }
    if proof {
        view.proof
            .iter()
            .for_each(|item| line(text, &format!("  {}:", word(&item.label)), &item.value));
    }
}

fn line(text: &mut String, head: &str, rest: &str) {
    let space = if head.is_empty() || rest.is_empty() {
        ""
    } else {
        " "
    };
    // Writing to a string does not fail.
    let _ = writeln!(text, "{}{space}{}", printable_line(head), printable_line(rest));
}

/// A text of somebody's: every line but that of `head` is set in, so that none passes for one of ours.
fn words(text: &mut String, head: &str, words: &str) {
    let _ = write!(text, "{}", printable_line(head));
    for (index, line) in words.split('\n').enumerate() {
        let space = match (index, head.is_empty()) {
            (0, true) => "    ",
            (0, false) => " ",
            _ => "\n    ",
        };
        let _ = write!(text, "{space}{}", printable_line(line));
    }
    text.push('\n');
}

/// The word that the interface has for a value of one of its closed lists.
fn word(value: &impl Serialize) -> String {
    match serde_json::to_value(value) {
        Ok(serde_json::Value::String(word)) => word.replace('_', " "),
        _ => String::new(),
    }
}

/// Milliseconds since the epoch as UTC, after Howard Hinnant's `civil_from_days`.
fn time(ms: u64) -> String {
    let seconds = ms / 1000;
    let days = seconds / 86_400 + 719_468;
    let (era, day_of_era) = (days / 146_097, days % 146_097);
    let year_of_era = (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let shifted = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * shifted + 2) / 5 + 1;
    let month = if shifted < 10 { shifted + 3 } else { shifted - 9 };
    let year = year_of_era + era * 400 + u64::from(month <= 2);
    let (hour, minute, second) = (seconds / 3600 % 24, seconds / 60 % 60, seconds % 60);
    format!("{year:04}-{month:02}-{day:02} {hour:02}:{minute:02}:{second:02} UTC")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shows_times_as_utc() {
        assert_eq!(time(0), "1970-01-01 00:00:00 UTC");
        assert_eq!(time(951_782_400_000), "2000-02-29 00:00:00 UTC");
        assert_eq!(time(1_767_225_599_000), "2025-12-31 23:59:59 UTC");
    }

    #[test]
    fn spans_are_told_in_their_largest_unit() {
        let told = [86_400_000, 7_200_000, 90_000, 10_000, 1_500].map(span);
        assert_eq!(told, ["1 d", "2 h", "90 s", "10 s", "1500 ms"]);
    }

    #[test]
    fn a_ballot_stands_alone_on_its_line() {
        let ballot = "8301".to_owned();
        assert_eq!(answer(&Answer::Ballot { ballot }, Details::default()), "8301\n");
    }

    #[test]
    fn words_of_others_never_begin_a_line_of_ours() {
        let mut text = String::new();
        words(&mut text, "12:00 Anna:", "yes\nADOPTED for 7");
        assert_eq!(text, "12:00 Anna: yes\n    ADOPTED for 7\n");
        let mut text = String::new();
        words(&mut text, "", "one\ntwo");
        assert_eq!(text, "    one\n    two\n");
    }
}
