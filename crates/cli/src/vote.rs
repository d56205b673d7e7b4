//! A vote: the motion is looked up first, for it says how a choice is written.

use crate::choice;
use crate::ending::Ending;
use crate::printable::printable_line;
use crate::request::Voter;
use crate::secret::Source;
use app::Handle;
use app::dto::views::{Barred, MotionView};
use app::dto::{Answer, Refusal, RefusalCode, Request};

/// The request that votes, after asking the terminal if nothing else says the choice.
pub(crate) async fn request(handle: &Handle, voter: Voter) -> Result<Request, Ending> {
    let asked = Request::Motion {
        motion: voter.motion.clone(),
    };
    let answer = handle.request(asked).await.map_err(Ending::from_refusal)?;
    let Answer::Motion { motion } = answer else {
        return Err(Ending::Usage(
            "the motion was answered with something else".to_owned(),
        ));
    };
    let choice = match &voter.said {
        Some(said) => choice::read(&motion.question, said).map_err(Ending::Usage)?,
        None => {
            refuse_in_vain(&motion)?;
            // The client goes on with its duties while somebody thinks.
            let asked = tokio::task::spawn_blocking(move || ask(&motion));
            asked.await.map_err(|error| Ending::environment(&error))??
        }
    };
    Ok(Request::Vote {
        motion: voter.motion,
        choice,
    })
}

/// Nobody is asked for a choice that could not be cast.
fn refuse_in_vain(motion: &MotionView) -> Result<(), Ending> {
    let (code, details) = match motion.mine.barred {
        None => return Ok(()),
        Some(Barred::NotOpen) => (RefusalCode::WrongPhase, "voting in this motion is not open"),
        Some(Barred::Role) => (RefusalCode::NotAllowed, "your role has no vote"),
        Some(Barred::NotInElectorate) => (
            RefusalCode::NotAllowed,
            "you are not in the electorate of this motion",
        ),
        Some(Barred::NoBallotKey) => (
            RefusalCode::NotAllowed,
            "no ballot key of yours is on the roll of this vote",
        ),
        Some(Barred::OtherDevice) => (
            RefusalCode::NotFirstDevice,
            "secret votes are cast on your first device, and this is another; vote there",
        ),
    };
    Err(Ending::Refused(Refusal {
        code,
        details: details.to_owned(),
    }))
}

/// Shows what there is to choose from, and asks until a choice can be read; what is typed is not shown.
fn ask(motion: &MotionView) -> Result<choice::Choice, Ending> {
    eprintln!("{}", printable_line(&motion.title));
    for line in choice::question_lines(&motion.question) {
        eprintln!("{line}");
    }
    loop {
        let said = Source::default().read("Choice: ")?;
        if said.trim().is_empty() {
            return Err(Ending::Usage(
                "nothing was chosen, and nothing was cast".to_owned(),
            ));
        }
        match choice::read(&motion.question, &said) {
            Ok(choice) => return Ok(choice),
            Err(sentence) => eprintln!("veche: {sentence}"),
        }
    }
}
