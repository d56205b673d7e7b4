//! The single transferable vote for several seats: the rules of Scottish council elections, in integers.
//!
//! Source: The Scottish Local Government Elections Order 2007 (SSI 2007/42), schedule 1, rules 45 to 52: weighted
//! inclusive Gregory transfers of all of an elected option's papers, in hundred-thousandths of a vote, rounded down.

use minicbor::{Decode, Encode};
use std::collections::BTreeMap;

use super::{BadForm, OptionIndex, Outcome, PublicOrder, Ranking, Spoilt, StrictOrder, Ties, Turnout};

/// One vote in the units of the count: values have five decimals.
pub const VOTE: u64 = 100_000;

/// The papers of a vote, equal ones together.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StvCount {
    form: StrictOrder,
    seats: u16,
    papers: BTreeMap<Ranking, u32>,
    turnout: Turnout,
}

/// The result of the method.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StvResult {
    /// Whole votes with which an option is elected.
    pub quota: u32,
    /// What happened, in order.
    pub stages: Vec<Stage>,
    /// Who is elected, first one first.
    pub outcome: Outcome,
}

/// One stage of a count.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(array)]
pub struct Stage {
    /// What was done.
    #[n(0)]
    pub act: Act,
    /// Votes by option after it, in units of 1 / [`VOTE`].
    #[n(1)]
    pub votes: Vec<u64>,
    /// Votes that no option has any more: papers without a next preference, and what rounding down left over.
    #[n(2)]
    pub lost: u64,
    /// Who is elected by it, first one first.
    #[n(3)]
    pub elected: Vec<OptionIndex>,
}

/// What is done in a stage.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Encode, Decode)]
pub enum Act {
    /// Every paper goes to its first preference.
    #[n(0)]
    First,
    /// The surplus of an elected option is transferred.
    #[n(1)]
    Surplus(#[n(0)] OptionIndex),
    /// An option is excluded and its papers are transferred.
    #[n(2)]
    Excluded(#[n(0)] OptionIndex),
}

impl StvCount {
    /// An empty count for `seats` seats, 1 to one less than the options.
    ///
    /// # Errors
    /// [`BadForm::Seats`] if there are no seats, or not more options than seats.
    pub fn new(form: StrictOrder, seats: u16) -> Result<Self, BadForm> {
        if !(1..form.options()).contains(&seats) {
            return Err(BadForm::Seats);
        }
        Ok(Self {
            form,
            seats,
            papers: BTreeMap::new(),
            turnout: Turnout::default(),
        })
    }

    /// Counts an opened ballot. A spoilt one takes part in the quorum and in nothing else.
    ///
    /// # Errors
    /// [`Spoilt`] with the rule that the plaintext breaks; it has been counted as spoilt.
    pub fn add(&mut self, plaintext: &[u8]) -> Result<(), Spoilt> {
        self.add_times(plaintext, 1)
    }

    /// Counts `times` equal ballots.
    ///
    /// # Errors
    /// As [`Self::add`].
    pub fn add_times(&mut self, plaintext: &[u8], times: u32) -> Result<(), Spoilt> {
        let ranked = self.form.read(plaintext).map(Ranking::unless_blank);
        if let Some(ranking) = self.turnout.take(ranked, times)? {
            let papers = self.papers.entry(ranking).or_default();
            *papers = papers.saturating_add(times);
        }
        Ok(())
    }

    /// How many ballots there are.
    #[must_use]
    pub const fn turnout(&self) -> Turnout {
        self.turnout
    }

    /// Counts. Without a valid ballot nobody is elected.
    ///
    /// `ties` is about a tie that decides a seat by itself (CNT-18); what else is tied the public order decides.
    ///
    /// Cost: at most two stages per option, each of them as much as there are different papers.
    #[must_use]
    pub fn result(&self, order: &PublicOrder, ties: Ties) -> StvResult {
        // CNT-13, in whole votes.
        let quota = self.turnout.valid / (u32::from(self.seats) + 1) + 1;
        if self.papers.is_empty() {
            return StvResult {
                quota,
                stages: Vec::new(),
                outcome: Outcome::default(),
            };
        }
        Run::new(self, quota, order, ties).finish()
    }
}

/// Where an option stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Standing {
    Continuing,
    /// Elected; its surplus, if there is one, waits.
    Elected,
    /// Elected without a surplus, or with one transferred; or excluded.
    Done,
}

/// Equal papers: they stay together through the whole count.
#[derive(Debug)]
struct Pile {
    order: std::vec::IntoIter<OptionIndex>,
    papers: u64,
    /// Value of each paper when its holder received it.
    value: u64,
    holder: Option<OptionIndex>,
}

#[derive(Debug)]
struct Run<'a> {
    seats: usize,
    quota: u64,
    order: &'a PublicOrder,
    ties: Ties,
    total: u64,
    standings: Vec<Standing>,
    votes: Vec<u64>,
    piles: Vec<Pile>,
    stages: Vec<Stage>,
    outcome: Outcome,
}

impl<'a> Run<'a> {
    fn new(count: &StvCount, quota: u32, order: &'a PublicOrder, ties: Ties) -> Self {
        let options = usize::from(count.form.options());
        let piles = count.papers.iter().map(|(ranking, papers)| Pile {
            order: ranking.order().into_iter(),
            papers: u64::from(*papers),
            value: VOTE,
            holder: None,
        });
        Self {
            seats: usize::from(count.seats),
            quota: u64::from(quota) * VOTE,
            order,
            ties,
            total: u64::from(count.turnout.valid) * VOTE,
            standings: vec![Standing::Continuing; options],
            votes: vec![0; options],
            piles: piles.collect(),
            stages: Vec::new(),
            outcome: Outcome::default(),
        }
    }

    fn finish(mut self) -> StvResult {
        // CNT-12.
        self.transfer(None, |value| value);
        self.close_stage(Act::First);
        while self.outcome.elected.len() < self.seats && self.outcome.tied.is_empty() {
            self.step();
        }
        StvResult {
            quota: u32::try_from(self.quota / VOTE).unwrap_or(u32::MAX),
            stages: self.stages,
            outcome: self.outcome,
        }
    }

    /// CNT-14, CNT-16, CNT-17: whoever is needed is elected; else the greatest surplus goes on; else the lowest is excluded.
    fn step(&mut self) {
        let continuing = self.standing(Standing::Continuing);
        let free = self.seats.saturating_sub(self.outcome.elected.len());
        if continuing.len() <= free {
            self.elect_rest(continuing);
        } else if let Some(elected) = self.greatest_surplus() {
            self.transfer_surplus(elected);
            self.close_stage(Act::Surplus(elected));
        } else {
            let lowest = self.lowest(&continuing);
            match lowest.as_slice() {
                // CNT-18: this exclusion would fill the last seats.
                [_, _, ..] if continuing.len() == free + 1 && self.ties == Ties::Fail => {
                    let safe = continuing.into_iter().filter(|o| !lowest.contains(o)).collect();
                    self.elect_rest(safe);
                    self.outcome.tied = lowest;
                }
                lowest => self.exclude(lowest),
            }
        }
    }

    fn standing(&self, standing: Standing) -> Vec<OptionIndex> {
        let standings = OptionIndex::all(self.standings.len()).zip(&self.standings);
        let those = standings.filter(|(_, is)| **is == standing);
        those.map(|(option, _)| option).collect()
    }

    fn stand(&mut self, option: OptionIndex, standing: Standing) {
        if let Some(place) = self.standings.get_mut(option.index()) {
            *place = standing;
        }
    }

    fn votes_for(&self, option: OptionIndex) -> u64 {
        self.votes.get(option.index()).copied().unwrap_or_default()
    }

    /// Elects without a count: there are no more of them than seats.
    fn elect_rest(&mut self, mut rest: Vec<OptionIndex>) {
        self.sort_by_votes(&mut rest);
        for option in &rest {
            self.stand(*option, Standing::Done);
        }
        if let Some(stage) = self.stages.last_mut() {
            stage.elected.extend(&rest);
        }
        self.outcome.elected.extend(rest);
    }

    fn exclude(&mut self, lowest: &[OptionIndex]) {
        self.outcome.drawn |= lowest.len() > 1;
        if let Some(excluded) = self.order.last(lowest) {
            self.stand(excluded, Standing::Done);
            self.transfer(Some(excluded), |value| value);
            if let Some(votes) = self.votes.get_mut(excluded.index()) {
                *votes = 0;
            }
            self.close_stage(Act::Excluded(excluded));
        }
    }

    /// CNT-15: each paper goes on with floor(surplus * value when received / votes).
    fn transfer_surplus(&mut self, elected: OptionIndex) {
        let votes = self.votes_for(elected);
        let surplus = votes.saturating_sub(self.quota);
        self.stand(elected, Standing::Done);
        self.transfer(Some(elected), |value| {
            let product = u128::from(surplus) * u128::from(value);
            u64::try_from(product / u128::from(votes.max(1))).unwrap_or_default()
        });
        if let Some(votes) = self.votes.get_mut(elected.index()) {
            *votes = self.quota;
        }
    }

    /// Moves the papers that `from` holds to their next continuing option, at a value that follows from their old one.
    fn transfer(&mut self, from: Option<OptionIndex>, value: impl Fn(u64) -> u64) {
        for pile in self.piles.iter_mut().filter(|pile| pile.holder == from) {
            let standings = &self.standings;
            let continues =
                |option: &OptionIndex| standings.get(option.index()) == Some(&Standing::Continuing);
            pile.value = value(pile.value);
            match pile.order.find(continues) {
                Some(next) => {
                    pile.holder = Some(next);
                    if let Some(votes) = self.votes.get_mut(next.index()) {
                        *votes += pile.papers * pile.value;
                    }
                }
                // It leaves the count.
                None => pile.papers = 0,
            }
        }
        self.piles.retain(|pile| pile.papers > 0);
    }

    /// CNT-14: records a stage, and elects whoever has reached the quota.
    fn close_stage(&mut self, act: Act) {
        let mut elected: Vec<OptionIndex> = self
            .standing(Standing::Continuing)
            .into_iter()
            .filter(|option| self.votes_for(*option) >= self.quota)
            .collect();
        self.sort_by_votes(&mut elected);
        for option in &elected {
            let has_surplus = self.votes_for(*option) > self.quota;
            self.stand(
                *option,
                if has_surplus {
                    Standing::Elected
                } else {
                    Standing::Done
                },
            );
        }
        self.outcome.elected.extend(&elected);
        self.stages.push(Stage {
            act,
            votes: self.votes.clone(),
            lost: self.total.saturating_sub(self.votes.iter().sum()),
            elected,
        });
    }

    /// The elected option with the greatest surplus that waits.
    fn greatest_surplus(&mut self) -> Option<OptionIndex> {
        let waiting = self.standing(Standing::Elected);
        let greatest = waiting.iter().map(|option| self.votes_for(*option)).max()?;
        let equal = waiting
            .into_iter()
            .filter(|option| self.votes_for(*option) == greatest)
            .collect();
        let equal = self.narrow(equal, |votes| votes.max());
        self.outcome.drawn |= equal.len() > 1;
        self.order.first(&equal)
    }

    /// The continuing options with the fewest votes; several if earlier stages do not tell them apart.
    fn lowest(&self, continuing: &[OptionIndex]) -> Vec<OptionIndex> {
        let least = continuing.iter().map(|option| self.votes_for(*option)).min();
        let equal = continuing
            .iter()
            .copied()
            .filter(|option| Some(self.votes_for(*option)) == least)
            .collect();
        self.narrow(equal, |votes| votes.min())
    }

    /// CNT-17: of equal options those with the most (or fewest) votes at the latest stage at which they were not equal.
    fn narrow(
        &self,
        mut equal: Vec<OptionIndex>,
        extreme: impl Fn(&mut dyn Iterator<Item = u64>) -> Option<u64>,
    ) -> Vec<OptionIndex> {
        for stage in self.stages.iter().rev() {
            let votes = |option: &OptionIndex| stage.votes.get(option.index()).copied().unwrap_or_default();
            let chosen = extreme(&mut equal.iter().map(votes));
            equal.retain(|option| Some(votes(option)) == chosen);
        }
        equal
    }

    /// The order of election within a stage: by votes, then by earlier stages, then by the public order.
    fn sort_by_votes(&self, options: &mut [OptionIndex]) {
        self.order.sort(options);
        let past = |option: OptionIndex| {
            let stages = self.stages.iter().rev();
            let votes = stages.map(move |stage| stage.votes.get(option.index()).copied().unwrap_or_default());
            votes.collect::<Vec<u64>>()
        };
        options.sort_by_cached_key(|option| std::cmp::Reverse((self.votes_for(*option), past(*option))));
    }
}

#[cfg(test)]
mod tests;
