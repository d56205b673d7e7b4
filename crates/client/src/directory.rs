//! The directory: this device's card is kept fresh in it, others' cards are kept here, letters are opened.

use crate::state::{Content, Duty, LogRole, Seed};
use crate::step::{Step, StepError, load_from};
use crate::tables;
use messaging::{Card, EnvelopeSecret, Letter, Listed, Member};
use minicbor::{Decode, Encode};
use primitives::canonical::{decode_canonical, encode};
use primitives::{LogId, Purpose, Time, VerifyingKey};
use tlog::{Entry, LogKind};

/// After so long a card is renewed, used or not.
const CARD_MS: u64 = 7 * 24 * 3_600_000;
/// Own cards that letters may still come for: the present one and the one before.
const OWN_CARDS: usize = 2;
/// Most cards that are kept of devices whose seats are not known here yet.
const CARDS_MAX: usize = 4096;

/// One of this device's own cards.
#[derive(Debug, Encode, Decode)]
#[cbor(array)]
struct OwnCard {
    /// Number of the journal key whose directory has it.
    #[n(0)]
    number: u32,
    #[cbor(n(1), with = "minicbor::bytes")]
    key_package: Vec<u8>,
    #[n(2)]
    envelope: Seed,
    /// Somebody has used it: it is renewed.
    #[n(3)]
    used: bool,
}

/// The newest card of somebody's device.
#[derive(Debug, Clone, Encode, Decode)]
#[cbor(array)]
pub(crate) struct KnownCard {
    /// Number of the journal key whose directory has it.
    #[n(0)]
    pub(crate) number: u32,
    #[n(1)]
    pub(crate) member: Member,
    #[n(2)]
    pub(crate) card: Card,
}

impl Step<'_> {
    /// Follows the directory of the newest journal key, and lists this device there: at first, when its card has been used,
    /// and every week.
    pub(crate) fn keep_directory(&mut self) -> Result<(), StepError> {
        let Some(newest) = self.state.assembly.as_ref().map(|fold| fold.last_journal_key()) else {
            return Ok(());
        };
        let Some(seed) = self.state.journal_keys.get(&newest).cloned() else {
            return Ok(());
        };
        let fresh = |(number, made): (u32, Time)| number == newest && self.now.since_ms(made) < CARD_MS;
        if self.state.volatile.listed.is_some_and(fresh) {
            return Ok(());
        }
        let record = messaging::directory_keys(seed.secret()).record(LogKind::Ephemeral);
        let log = self.follow(LogRole::Directory { number: newest }, seed, record, Vec::new())?;
        self.leave_old_directories(newest);
        if let Some((made, card)) = self.own_cards()?.pop()
            && card.number == newest
            && !card.used
            && self.now.since_ms(made) < CARD_MS
        {
            self.state.volatile.listed = Some((newest, made));
            return Ok(());
        }
        self.list_own_card(newest, log)
    }

    fn list_own_card(&mut self, number: u32, log: LogId) -> Result<(), StepError> {
        let Some(turn) = self.may_try(Duty::ListCard(number)) else {
            return Ok(());
        };
        let device = self.device()?;
        let own = device.own()?;
        let key_package = messaging::new_key_package(&mut self.store, &own, true)
            .map_err(|error| StepError::Messaging(error.to_string()))?;
        let envelope = self.secret();
        let secret = EnvelopeSecret::from_seed(envelope.duplicate());
        let card = Card {
            key_package: key_package.clone(),
            envelope_key: secret
                .key()
                .map_err(|error| StepError::Messaging(error.to_string()))?,
            made: self.now,
        };
        let Some(state) = self.state.logs.get(&log) else {
            return Ok(());
        };
        let keys = state.role.keys(state.secret.secret());
        let entry = messaging::list_card(&keys, &own, card, self.rng)
            .ok_or(StepError::Internal("a card larger than an entry"))?;
        let mut older = self.own_cards()?;
        while older.len() >= OWN_CARDS {
            let (made, card) = older.remove(0);
            self.forget_own_card(made, &card)?;
        }
        // Two made within one millisecond of a clock that stands still must not take each other's place.
        let after_last = older.last().map_or(0, |(made, _)| made.0.saturating_add(1));
        let made = Time(self.now.0.max(after_last));
        let record = OwnCard {
            number,
            key_package,
            envelope: Seed::new(envelope),
            used: false,
        };
        self.store.put_for(
            card_purpose(made),
            tables::CARDS,
            made.0.to_be_bytes(),
            encode(&record),
        );
        self.post(log, entry, Content::Listing, self.now, Some(turn));
        Ok(())
    }

    /// The one before the newest is read as long as letters may be under way in it; older ones until they have been read.
    fn leave_old_directories(&mut self, newest: u32) {
        let read = |id: &LogId| self.state.volatile.read_at.contains_key(id);
        let over: Vec<LogId> = self
            .state
            .logs
            .iter()
            .filter(|(id, log)| {
                let old =
                    matches!(log.role, LogRole::Directory { number } if number.saturating_add(1) < newest);
                old && !log.finished && read(id) && log.taken == log.reader.size()
            })
            .map(|(id, _)| *id)
            .collect();
        for id in over {
            self.finish_log(id);
        }
    }

    /// This device's own cards, oldest first.
    fn own_cards(&self) -> Result<Vec<(Time, OwnCard)>, StepError> {
        let damaged = || StepError::Record(tables::CARDS.0);
        let cards = self.store.scan(tables::CARDS, b"", b"", usize::MAX)?;
        cards
            .into_iter()
            .map(|(key, value)| {
                let made = <[u8; 8]>::try_from(key.as_slice()).map_err(|_| damaged())?;
                let card = decode_canonical(&value).map_err(|_| damaged())?;
                Ok((Time(u64::from_be_bytes(made)), card))
            })
            .collect()
    }

    fn forget_own_card(&mut self, made: Time, card: &OwnCard) -> Result<(), StepError> {
        messaging::forget_key_package(&mut self.store, &card.key_package)
            .map_err(|error| StepError::Messaging(error.to_string()))?;
        self.store.delete(tables::CARDS, made.0.to_be_bytes());
        self.store.burn(card_purpose(made));
        Ok(())
    }

    /// Whoever has come in by a card renews it.
    pub(crate) fn card_used(&mut self) -> Result<(), StepError> {
        if let Some((made, mut card)) = self.own_cards()?.pop() {
            card.used = true;
            self.store.put_for(
                card_purpose(made),
                tables::CARDS,
                made.0.to_be_bytes(),
                encode(&card),
            );
        }
        self.state.volatile.listed = None;
        Ok(())
    }

    /// Who is out of the assembly can be brought in nowhere.
    pub(crate) fn forget_own_cards(&mut self) -> Result<(), StepError> {
        for (made, card) in self.own_cards()? {
            self.forget_own_card(made, &card)?;
        }
        Ok(())
    }

    /// An entry of a directory.
    pub(crate) fn listed(&mut self, number: u32, entry: &Entry) -> Result<(), StepError> {
        let Some(seed) = self.state.journal_keys.get(&number) else {
            return Ok(());
        };
        match messaging::open_listed(&messaging::directory_keys(seed.secret()), &entry.bytes) {
            Ok(Listed::Card { member, card }) => self.card_came(number, member, *card),
            Ok(Listed::Letter(envelope)) => {
                for (_, card) in self.own_cards()? {
                    let secret = EnvelopeSecret::from_seed(card.envelope.secret().duplicate());
                    if let Ok((by, letter)) = messaging::open_letter(&secret, &envelope) {
                        return self.letter_came(by, letter);
                    }
                }
                Ok(())
            }
            _ => Ok(()),
        }
    }

    fn card_came(&mut self, number: u32, member: Member, card: Card) -> Result<(), StepError> {
        let known = self.card_of(&member.device)?;
        if known.as_ref().is_some_and(|known| known.number > number) {
            return Ok(());
        }
        let seated = self
            .state
            .assembly
            .as_ref()
            .is_some_and(|fold| fold.seat_by_device(&member.device).is_some());
        // The journal may be behind the directory; but nobody fills the vault with devices that do not exist.
        if known.is_none() && !seated && self.all_cards()?.len() >= CARDS_MAX {
            return Ok(());
        }
        if let Some(plenary) = self.state.member.as_ref().and_then(|member| member.plenary) {
            self.state.volatile.attended.remove(&plenary);
        }
        // A further device of one's own is brought into the conversations that this one is in.
        if self.identity()? == member.identity {
            self.state.volatile.attended.clear();
        }
        let card = KnownCard { number, member, card };
        self.store
            .put(tables::DIRECTORY, *member.device.as_bytes(), encode(&card));
        Ok(())
    }

    /// The newest card of a device.
    pub(crate) fn card_of(&self, device: &VerifyingKey) -> Result<Option<KnownCard>, StepError> {
        load_from(&self.store, tables::DIRECTORY, device.as_bytes())
    }

    /// All cards that are here.
    pub(crate) fn all_cards(&self) -> Result<Vec<KnownCard>, StepError> {
        let cards = self.store.scan(tables::DIRECTORY, b"", b"", usize::MAX)?;
        cards
            .into_iter()
            .map(|(_, value)| decode_canonical(&value).map_err(|_| StepError::Record(tables::DIRECTORY.0)))
            .collect()
    }

    /// Writes to those devices whom one's own commit, now ordered, has brought in and who have a card; the Welcome goes
    /// into the conversation's log.
    ///
    /// - `log_start`: the first entry of that log that concerns them.
    pub(crate) fn write_letters(
        &mut self,
        id: primitives::ConversationId,
        added: &[Member],
        welcome: &[u8],
        log_start: u64,
    ) -> Result<(), StepError> {
        let Some(state) = self.state.conversations.get(&id).cloned() else {
            return Ok(());
        };
        let Some(secret) = self.session(id)?.map(|session| session.log_secret()) else {
            return Ok(());
        };
        let mut written = false;
        for member in added {
            let Some(card) = self.card_of(&member.device)? else {
                continue;
            };
            let directory = self.state.logs.iter().find_map(|(log, state)| {
                let here = state.role == LogRole::Directory { number: card.number };
                here.then(|| (*log, state.role.keys(state.secret.secret())))
            });
            let Some((log, keys)) = directory else { continue };
            let terms = state.more().terms;
            let letter = Letter {
                conversation: id,
                journal_keys: if terms.is_none() {
                    self.journal_keys_for_others()
                } else {
                    Vec::new()
                },
                terms,
                log_secret: secret.duplicate(),
                log_start,
                lines: self.lines_for(id, member)?,
            };
            let (device, to) = (self.device()?, &card.card.envelope_key);
            // A card whose key is none is its owner's fault.
            let Ok(entry) = messaging::list_letter(&keys, &device.own()?, to, &letter, self.rng) else {
                continue;
            };
            if let Some(directory) = self.state.logs.get_mut(&log) {
                directory.finished = false;
            }
            self.save_log(log);
            self.post(log, entry, Content::Listing, self.now, None);
            written = true;
        }
        if written {
            for entry in messaging::post_welcome(&secret, id, welcome, self.rng) {
                self.post(state.log, entry, Content::Welcome, self.now, None);
            }
        }
        Ok(())
    }
}

fn card_purpose(made: Time) -> Purpose {
    Purpose::burnable([b"card/".as_slice(), &made.0.to_be_bytes()].concat())
}
