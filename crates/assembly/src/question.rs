//! What a motion asks, the votes that answer it, and their count.
//!
//! Named votes and opened ballots are the same bytes, read by the same forms and counted by the same count
//! (`docs/spec/counting.md`).

use minicbor::data::Type;
use minicbor::decode::Error as DecodeError;
use minicbor::encode::{Error as EncodeError, Write};
use minicbor::{Decode, Decoder, Encode, Encoder};
use primitives::OpeningId;

use crate::counting::{
    BadForm, OPTIONS_MAX, OptionsCount, OptionsMethod, OptionsResult, PublicOrder, Ties, Turnout,
};
use crate::limits;
use crate::motion::{Choice, Counts};

/// What a motion asks.
///
/// ```text
/// question = 0                                  for, against or abstain
///          / CBOR[ method, [ option, .. ] ]     options are texts
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Question {
    /// For, against or abstain.
    ForAgainstAbstain,
    /// Which of several options.
    Options {
        /// How they are counted.
        method: OptionsMethod,
        /// The options, in the order in which they are numbered.
        options: Vec<String>,
    },
}

/// Why a question is none.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum BadQuestion {
    /// The method does not take so many options, marks or seats.
    #[error(transparent)]
    Form(#[from] BadForm),
    /// An option is empty or too long.
    #[error("an option has 1 to {} bytes of text", limits::OPTION_BYTES_MAX)]
    OptionText,
    /// Two options are the same.
    #[error("two options are the same")]
    Repeated,
}

impl Question {
    /// Checks the options and the method against each other.
    ///
    /// # Errors
    /// [`BadQuestion`].
    pub fn check(&self) -> Result<(), BadQuestion> {
        let Self::Options { method, options } = self else {
            return Ok(());
        };
        method.count(number_of(options))?;
        let fits = |option: &String| (1..=limits::OPTION_BYTES_MAX).contains(&option.len());
        if !options.iter().all(fits) {
            return Err(BadQuestion::OptionText);
        }
        let mut sorted: Vec<&String> = options.iter().collect();
        sorted.sort_unstable();
        if sorted.windows(2).any(|pair| pair.first() == pair.last()) {
            return Err(BadQuestion::Repeated);
        }
        Ok(())
    }

    /// The options; none of for, against or abstain.
    #[must_use]
    pub fn options(&self) -> &[String] {
        match self {
            Self::ForAgainstAbstain => &[],
            Self::Options { options, .. } => options,
        }
    }

    /// Bytes of every vote.
    ///
    /// # Errors
    /// [`BadForm`]; never for the question of a motion that was taken.
    pub fn vote_len(&self) -> Result<usize, BadForm> {
        match self {
            Self::ForAgainstAbstain => Ok(1),
            Self::Options { method, options } => method.plaintext_len(number_of(options)),
        }
    }

    /// An empty count.
    ///
    /// # Errors
    /// As [`Self::vote_len`].
    pub fn count(&self) -> Result<Count, BadForm> {
        Ok(match self {
            Self::ForAgainstAbstain => Count::Choices(Counts::default()),
            Self::Options { method, options } => Count::Options {
                count: method.count(number_of(options))?,
                options: number_of(options),
            },
        })
    }

    /// Whether these bytes are a vote, an abstention among them. What is none is spoilt.
    #[must_use]
    pub fn is_vote(&self, plaintext: &[u8]) -> bool {
        self.count().is_ok_and(|mut count| count.add(plaintext))
    }
}

/// So many options; more than a method takes stay too many.
fn number_of(options: &[String]) -> u16 {
    u16::try_from(options.len()).unwrap_or(OPTIONS_MAX.saturating_add(1))
}

impl<C> Encode<C> for Question {
    fn encode<W: Write>(&self, e: &mut Encoder<W>, ctx: &mut C) -> Result<(), EncodeError<W::Error>> {
        match self {
            Self::ForAgainstAbstain => 0u8.encode(e, ctx),
            Self::Options { method, options } => {
                e.array(2)?;
                method.encode(e, ctx)?;
                options.encode(e, ctx)
            }
        }
    }
}

impl<'b, C> Decode<'b, C> for Question {
    fn decode(d: &mut Decoder<'b>, ctx: &mut C) -> Result<Self, DecodeError> {
        if d.datatype()? == Type::Array {
            if d.array()? != Some(2) {
                return Err(DecodeError::message("a question with options has two elements"));
            }
            return Ok(Self::Options {
                method: OptionsMethod::decode(d, ctx)?,
                options: Vec::decode(d, ctx)?,
            });
        }
        match d.u8()? {
            0 => Ok(Self::ForAgainstAbstain),
            _ => Err(DecodeError::message("no such question")),
        }
    }
}

/// A count that goes on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Count {
    /// Of for, against and abstain.
    Choices(Counts),
    /// Of options.
    Options {
        /// The count.
        count: OptionsCount,
        /// How many options there are.
        options: u16,
    },
}

impl Count {
    /// Counts one vote. What is not one by its form is counted as spoilt, and the answer is no.
    pub fn add(&mut self, plaintext: &[u8]) -> bool {
        match self {
            Self::Choices(counts) => {
                let choice = Choice::from_plaintext(plaintext);
                counts.add(choice);
                choice.is_some()
            }
            Self::Options { count, .. } => count.add(plaintext).is_ok(),
        }
    }

    /// Counts a ballot that did not open as spoilt.
    pub fn add_unopened(&mut self) {
        match self {
            Self::Choices(counts) => counts.add(None),
            Self::Options { count, .. } => count.add_unopened(),
        }
    }

    /// The votes of an opening, once all are in. Cost: that of the method.
    #[must_use]
    pub fn finish(&self, opening: OpeningId, ties: Ties) -> Votes {
        match self {
            Self::Choices(counts) => Votes::Choices(*counts),
            Self::Options { count, options } => {
                let order = PublicOrder::new(opening, *options);
                Votes::Options(count.result(&order, ties))
            }
        }
    }
}

/// All votes of an opening, counted. Equal votes give equal bytes, in whatever order they were counted.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub enum Votes {
    /// By choice.
    #[n(0)]
    Choices(#[n(0)] Counts),
    /// Among options.
    #[n(1)]
    Options(#[n(0)] OptionsResult),
}

impl Votes {
    /// How many took part, those abstaining and spoilt ones among them.
    #[must_use]
    pub fn total(&self) -> u32 {
        match self {
            Self::Choices(counts) => counts.total(),
            Self::Options(result) => result.turnout.total(),
        }
    }

    /// By choice, if that was asked.
    #[must_use]
    pub const fn choices(&self) -> Option<&Counts> {
        match self {
            Self::Choices(counts) => Some(counts),
            Self::Options(_) => None,
        }
    }

    /// Among options, if that was asked.
    #[must_use]
    pub const fn options(&self) -> Option<&OptionsResult> {
        match self {
            Self::Choices(_) => None,
            Self::Options(result) => Some(result),
        }
    }

    /// How many had a choice, how many abstained, how many were spoilt.
    #[must_use]
    pub const fn turnout(&self) -> Turnout {
        match self {
            Self::Choices(counts) => Turnout {
                valid: counts.votes_for.saturating_add(counts.votes_against),
                abstain: counts.votes_abstain,
                spoilt: counts.spoilt,
            },
            Self::Options(result) => result.turnout,
        }
    }
}
