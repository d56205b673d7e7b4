//! Whether the plenary was founded anew, and who proposes it.

use super::{line, time};
use app::dto::views::PlenaryView;

/// Nothing as long as it was not, and nobody proposes it.
pub(super) fn show_plenary(text: &mut String, view: &PlenaryView) {
    if view.founded_anew > 0 {
        let times = match view.founded_anew {
            1 => "once".to_owned(),
            times => format!("{times} times"),
        };
        let here = if view.here {
            "this device is in it"
        } else {
            "this device waits to be brought in"
        };
        let what = format!("{times}, signed by {}; {here}", seats(&view.signed_by));
        line(text, "Plenary founded anew:", &what);
    }
    for proposal in &view.proposals {
        let said = if proposal.signed_by_me {
            ", you among them"
        } else {
            ""
        };
        let what = format!(
            "{} of {} have signed{said}: {}; until {}",
            proposal.signed_by.len(),
            proposal.needed,
            seats(&proposal.signed_by),
            time(proposal.until)
        );
        line(
            text,
            "Proposed to found the plenary anew:",
            &proposal.conversation,
        );
        line(text, "   ", &what);
    }
}

fn seats(seats: &[u32]) -> String {
    let seats: Vec<String> = seats.iter().map(|seat| format!("№ {seat}")).collect();
    seats.join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use app::dto::views::RefoundingView;

    #[test]
    fn a_proposal_is_shown_with_its_name_and_who_signed_it_and_nothing_when_there_is_none() {
        let mut view = PlenaryView {
            founded_anew: 0,
            since: None,
            signed_by: Vec::new(),
            here: true,
            proposals: Vec::new(),
        };
        let shown = |view: &PlenaryView| {
            let mut text = String::new();
            show_plenary(&mut text, view);
            text
        };
        assert_eq!(shown(&view), "");
        view.proposals.push(RefoundingView {
            conversation: "ab12".into(),
            signed_by: vec![3, 1],
            needed: 3,
            until: 1_800_000_000_000,
            signed_by_me: true,
        });
        let text = shown(&view);
        assert!(text.contains("ab12") && text.contains("2 of 3 have signed, you among them: № 3, № 1"));
        (view.founded_anew, view.signed_by, view.here) = (2, vec![1, 2], false);
        let text = shown(&view);
        assert!(text.contains("2 times, signed by № 1, № 2; this device waits to be brought in"));
    }
}
