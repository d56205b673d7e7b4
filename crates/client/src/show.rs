//! What people are shown, read from the state.

use crate::commands::{no_assembly, unknown};
use crate::devices::Linking;
use crate::evidence::{EVIDENCE_MAX, EvidenceRecord};
use crate::inviting::role_of_code;
use crate::machine::Failed;
use crate::state::{OwnPart, Stage};
use crate::step::Step;
use crate::tables;
use crate::views::{
    AdmissionState, AdmissionView, AssemblyView, Barred, CharterView, ConnectionView, Majority, MemberView,
    MotionView, NoticeCode, Overview, OwnVote, OwnVoteState, Phase, ProofLabel, ProofLine, ResultView, Role,
    RuleView, SeatState, SeatVote, Standing, VoteKind, Witnessed,
};
use crate::voting::choice::{choice_view, options_view, ties_view};
use crate::voting::question::question_view;
use assembly::{Assembly, TallyResult};
use assembly::{Motion, Opening, Seat, Vote};
use messaging::DeviceLink;
use primitives::canonical::decode_canonical;
use primitives::{Hash, MotionId, SeatNumber, VerifyingKey};

/// So long a failed step is shown.
const FAILURE_SHOWN_MS: u64 = 60_000;

impl Step<'_> {
    pub(crate) fn show_overview(&mut self) -> Result<Overview, Failed> {
        let evidence = self.store.scan(tables::EVIDENCE, b"", b"", EVIDENCE_MAX)?;
        let mut evidence: Vec<_> = evidence
            .into_iter()
            .filter_map(|(_, value)| Some(decode_canonical::<EvidenceRecord>(&value).ok()?.view()))
            .collect();
        evidence.sort_by_key(|view| core::cmp::Reverse(view.noticed));
        let volatile = &self.state.volatile;
        let failed = volatile
            .step_failed
            .is_some_and(|at| self.now.since_ms(at) < FAILURE_SHOWN_MS);
        let waiting = self.state.waiting();
        Ok(Overview {
            connection: ConnectionView {
                state: volatile.connection,
                carrier: self.state.carrier(),
                clock_skew_ms: volatile.clock_skew_ms,
            },
            outbox_entries: u32::try_from(waiting).unwrap_or(u32::MAX),
            evidence,
            notice: volatile.notice.or(failed.then_some(NoticeCode::StepFailed)),
            assembly: self.show_assembly()?,
            new_devices: self.show_new_devices()?,
            notices: !self.state.no_notices,
        })
    }

    fn show_assembly(&self) -> Result<Option<AssemblyView>, Failed> {
        let Some(member) = &self.state.member else {
            return Ok(None);
        };
        let fold = self.state.assembly.as_deref();
        let seat = self.own_seat().ok();
        let linking = member.linking.as_ref();
        let standing = match (&seat, linking, &member.joining) {
            _ if self.is_device_out() && self.own_number().is_some() => Standing::Revoked,
            _ if self.is_device_out() => Standing::Removed,
            (Some(_), _, None) if member.identity.is_some() || self.has_come_in() => Standing::Admitted,
            (Some(_), _, None) => Standing::Entering,
            (_, Some(linking), _) if linking.refused.is_some() => Standing::Refused,
            (_, Some(linking), _) if linking.certified => Standing::Entering,
            (_, _, Some(joining)) if joining.refused.is_some() => Standing::Refused,
            (_, _, Some(joining)) if joining.welcome.is_some() => Standing::Proposed,
            _ => Standing::Requested,
        };
        let refused = member
            .joining
            .as_ref()
            .and_then(|joining| joining.refused.clone())
            .or(linking.and_then(|linking| linking.refused.clone()));
        let default_charter = assembly::Charter::default();
        let charter = fold.map_or(&default_charter, Assembly::charter);
        Ok(Some(AssemblyView {
            id: member.assembly.to_string(),
            name: fold.map_or_else(
                || member.assembly_name.clone(),
                |fold| fold.founded().name.clone(),
            ),
            declaration: fold.map_or_else(String::new, |fold| fold.founded().declaration.clone()),
            standing,
            refused,
            device_code: linking.and_then(Linking::code),
            device_until: linking
                .filter(|linking| linking.waits())
                .and_then(|linking| Some(DeviceLink::parse(&linking.link).ok()?.expires.0)),
            first_device: self.is_first_device(),
            seat: seat.as_ref().map(|seat| seat.number.0),
            role: seat.as_ref().map(|seat| role_view(seat.role)),
            founding: fold.is_none_or(Assembly::is_founding),
            seats: fold.map_or(0, |fold| {
                count(fold.seats().filter(|seat| seat.is_active()).count())
            }),
            journal_entries: fold.map_or(0, Assembly::position),
            witnessed: self.show_witnessed(fold)?,
            relay: member.relay.clone(),
            charter: charter_view(charter, fold),
            sealing_keys: fold.map_or(0, |fold| count(fold.trustees().pool.len())),
            plenary: fold.map(|fold| self.show_plenary(fold)),
        }))
    }

    /// Whether this device follows the plenary, or has followed one before it was founded anew.
    fn has_come_in(&self) -> bool {
        let mut states = self.state.conversations.values();
        self.is_in_plenary() || states.any(|state| state.more().ends.is_some())
    }

    /// Whether this device follows the plenary.
    pub(crate) fn is_in_plenary(&self) -> bool {
        let plenary = self.state.member.as_ref().and_then(|member| member.plenary);
        let state = plenary.and_then(|id| self.state.conversations.get(&id));
        state.is_some_and(|state| !state.more().joining)
    }

    fn show_witnessed(&self, fold: Option<&Assembly>) -> Result<Witnessed, Failed> {
        let journal = self
            .current_journal()
            .and_then(|(log, _)| Some((log, self.state.logs.get(&log)?.covered)));
        let cosigned = match journal {
            Some((log, size)) if size > 0 => self.cosignatures(log, size)?,
            _ => None,
        };
        Ok(Witnessed {
            entries: journal.map_or(0, |(_, size)| size),
            cosignatures: cosigned.map_or(0, |cosigned| count(cosigned.cosignatures.len())),
            quorum: fold.map_or(0, |fold| count(fold.witnesses().len() / 2 + 1)),
        })
    }

    pub(crate) fn show_members(&self) -> Result<Vec<MemberView>, Failed> {
        let fold = self.state.assembly.clone().ok_or_else(no_assembly)?;
        let own = self.own_seat().ok().map(|seat| seat.number);
        let trustees = fold.trustee_seats();
        let view = |seat: &Seat| {
            Ok(MemberView {
                seat: seat.number.0,
                name: self.name_of(seat),
                role: role_view(seat.role),
                state: match seat.state {
                    assembly::SeatState::Active => SeatState::Active,
                    assembly::SeatState::Detained => SeatState::Detained,
                    assembly::SeatState::Left => SeatState::Left,
                },
                own: own == Some(seat.number),
                since: seat.admitted.0,
                devices: count(seat.devices.len()),
                trustee: trustees.contains(&seat.number),
                ballot_keys: seat.unused_ballot_keys(fold.next_key_number()),
                verified: self.verified_at(&seat.identity)?.is_some(),
            })
        };
        fold.seats().map(view).collect()
    }

    pub(crate) fn name_of(&self, seat: &Seat) -> String {
        self.name_behind(&seat.name)
            .unwrap_or_else(|| format!("№ {}", seat.number))
    }

    fn name_behind(&self, commitment: &Hash) -> Option<String> {
        let name = self
            .store
            .get(tables::NAMES, commitment.as_bytes())
            .ok()
            .flatten()?;
        String::from_utf8(name.to_vec()).ok()
    }

    pub(crate) fn show_admissions(&self) -> Result<Vec<AdmissionView>, Failed> {
        let fold = self.state.assembly.clone().ok_or_else(no_assembly)?;
        let own = self.own_seat().ok().map(|seat| seat.number);
        let seats = |seats: &[primitives::SeatNumber]| seats.iter().map(|seat| seat.0).collect::<Vec<_>>();
        let requested = self
            .state
            .invitations
            .iter()
            .filter(|(_, state)| state.proposed.is_none());
        let mut views: Vec<_> = requested
            .filter_map(|(log, state)| {
                Some(AdmissionView {
                    id: log.to_string(),
                    name: state.request.as_ref()?.name.clone(),
                    role: role_of_code(state.role),
                    state: AdmissionState::Requested,
                    endorsed_by: Vec::new(),
                    needed: fold.endorsements_needed(),
                    objected_by: Vec::new(),
                    endorsed_by_me: false,
                })
            })
            .collect();
        views.extend(fold.admissions().map(|(id, admission)| AdmissionView {
            id: id.to_string(),
            name: self.name_behind(&admission.name).unwrap_or_default(),
            role: role_view(admission.role),
            state: match admission.state {
                assembly::AdmissionState::Proposed => AdmissionState::Proposed,
                assembly::AdmissionState::Waiting(_) => AdmissionState::Waiting,
                assembly::AdmissionState::Admitted(_) => AdmissionState::Admitted,
                assembly::AdmissionState::Refused => AdmissionState::Refused,
            },
            endorsed_by: seats(&admission.endorsed_by),
            needed: fold.endorsements_needed(),
            objected_by: seats(&admission.objected_by),
            endorsed_by_me: own.is_some_and(|own| admission.endorsed_by.contains(&own)),
        }));
        Ok(views)
    }

    pub(crate) fn seat_by_identity(&self, identity: &VerifyingKey) -> Option<&Seat> {
        let mut seats = self.state.assembly.as_deref()?.seats();
        seats.find(|seat| seat.identity == *identity)
    }

    /// The own seat's number, if it acts.
    pub(crate) fn own_number(&self) -> Option<SeatNumber> {
        let seat = self.seat_by_identity(&self.identity().ok()?)?;
        seat.is_active().then_some(seat.number)
    }

    pub(crate) fn seats_of(&self, identities: &[VerifyingKey]) -> Vec<u32> {
        identities
            .iter()
            .filter_map(|identity| Some(self.seat_by_identity(identity)?.number.0))
            .collect()
    }

    pub(crate) fn show_motions(&self) -> Result<Vec<MotionView>, Failed> {
        let fold = self.state.assembly.clone().ok_or_else(no_assembly)?;
        fold.motions()
            .into_iter()
            .map(|motion| self.motion_view(&fold, motion))
            .collect()
    }

    pub(crate) fn show_motion(&self, id: MotionId) -> Result<MotionView, Failed> {
        let fold = self.state.assembly.clone().ok_or_else(no_assembly)?;
        let motion = fold.motion(id).ok_or_else(|| unknown("motion"))?;
        self.motion_view(&fold, motion)
    }

    fn motion_view(&self, fold: &Assembly, motion: &Motion) -> Result<MotionView, Failed> {
        let part = self.part(motion.id);
        let opening = motion.opening.as_ref();
        let secret = opening.and_then(Opening::secret);
        let closed = u32::from(secret.is_some_and(|secret| secret.closed.is_some()));
        let ballots = match opening.map(|opening| &opening.vote) {
            Some(Vote::RollCall(votes)) => count(votes.len()),
            Some(Vote::Secret(secret)) => part
                .box_entries
                .saturating_sub(closed)
                .saturating_add(count(secret.forwarded.len()))
                .min(secret.roll_len()),
            None => 0,
        };
        let rule = &motion.text.rule;
        let quorum = opening.map(|opening| rule.quorum.least_of(opening.electorate_len()));
        Ok(MotionView {
            id: motion.id.to_string(),
            title: motion.text.title.clone(),
            text: motion.text.text.clone(),
            proposer: motion.proposer.0,
            kind: match motion.text.kind {
                assembly::VoteKind::RollCall => VoteKind::RollCall,
                assembly::VoteKind::Secret => VoteKind::Secret,
            },
            question: question_view(&motion.text.question),
            rule: RuleView {
                quorum_numerator: rule.quorum.numerator,
                quorum_denominator: rule.quorum.denominator,
                majority: majority_view(rule.majority),
            },
            phase: phase_view(motion.phase_at(self.now)),
            proposed: motion.proposed.0,
            seconded_by: motion.seconded_by.iter().map(|seat| seat.0).collect(),
            seconders_needed: fold.charter().seconders,
            may_open: motion.may_open.map(|time| time.0),
            opened: opening.map(|opening| opening.opened.0),
            closes: opening.map(|opening| opening.closes.0),
            electorate: opening.map(Opening::electorate_len),
            roll: secret.map(|secret| secret.roll_len()),
            ballots,
            quorum,
            mine: self.own_vote(motion, &part),
            shares: secret.map_or(0, |secret| count(secret.shares.len())),
            threshold: secret.map_or(0, |secret| u32::from(secret.sealing.key.threshold())),
            result: self.result_view(fold, motion, &part)?,
        })
    }

    fn own_vote(&self, motion: &Motion, part: &OwnPart) -> OwnVote {
        let seat = self.own_seat().ok();
        let named = seat.and_then(|seat| match &motion.opening.as_ref()?.vote {
            Vote::RollCall(votes) => votes.get(&seat.number),
            Vote::Secret(_) => None,
        });
        let choice = named
            .or(part.open_choice.as_ref())
            .and_then(|vote| choice_view(&motion.text.question, vote));
        let counted = match named {
            Some(_) => Some(OwnVoteState::Counted),
            None => self.state.volatile.counted.get(&motion.id).copied(),
        };
        let state = match part.stage {
            _ if part.open_choice.is_some() => OwnVoteState::Prepared,
            Stage::None => OwnVoteState::None,
            Stage::Wished => OwnVoteState::AwaitingWitnesses,
            Stage::Proving => OwnVoteState::Preparing,
            Stage::Prepared => OwnVoteState::Prepared,
            Stage::Cast => OwnVoteState::Cast,
        };
        OwnVote {
            state: counted.unwrap_or(state),
            cast_by: part.cast_by.map(|time| time.0),
            choice,
            barred: self.barred(motion),
        }
    }

    fn barred(&self, motion: &Motion) -> Option<Barred> {
        let Ok(seat) = self.own_seat() else {
            return Some(Barred::NotInElectorate);
        };
        if seat.role != assembly::Role::Deputy {
            return Some(Barred::Role);
        }
        let Some(opening) = motion
            .opening
            .as_ref()
            .filter(|_| motion.phase_at(self.now) == assembly::Phase::Open)
        else {
            return Some(Barred::NotOpen);
        };
        if !opening.has_elector(seat.number) {
            return Some(Barred::NotInElectorate);
        }
        let secret = opening.secret()?;
        if !seat.is_first_device(&self.state.member.as_ref()?.device_key().verifying_key()) {
            return Some(Barred::OtherDevice);
        }
        let key = seat.ballot_key(secret.key_number);
        let on_roll = key.is_some_and(|key| secret.roll.contains(key));
        (!on_roll).then_some(Barred::NoBallotKey)
    }

    fn result_view(
        &self,
        fold: &Assembly,
        motion: &Motion,
        part: &OwnPart,
    ) -> Result<Option<ResultView>, Failed> {
        let (Some(outcome), Some(opening)) = (&part.outcome, &motion.opening) else {
            return Ok(None);
        };
        let result: TallyResult =
            decode_canonical(outcome).map_err(|_| crate::step::StepError::Record(tables::VOTES.0))?;
        let hash = result.hash();
        let confirmations = self.confirmations(opening.id)?;
        let agree = count(
            confirmations
                .hashes
                .values()
                .filter(|other| **other == hash)
                .count(),
        );
        let roll_call = match &opening.vote {
            Vote::RollCall(votes) => votes
                .iter()
                .filter_map(|(seat, vote)| {
                    Some(SeatVote {
                        seat: seat.0,
                        choice: choice_view(&motion.text.question, vote)?,
                    })
                })
                .collect(),
            Vote::Secret(_) => Vec::new(),
        };
        let counts = result.votes.choices().copied().unwrap_or_default();
        let turnout = result.votes.turnout();
        Ok(Some(ResultView {
            adopted: result.adopted,
            votes_for: counts.votes_for,
            votes_against: counts.votes_against,
            votes_abstain: turnout.abstain,
            spoilt: turnout.spoilt,
            options: result.votes.options().map(options_view),
            quorum_met: result.quorum_met,
            agree,
            disagree: count(confirmations.hashes.len()).saturating_sub(agree),
            roll_call,
            hash: hash.to_string(),
            proof: proof_lines(fold, opening, &result),
        }))
    }
}

fn proof_lines(fold: &Assembly, opening: &Opening, result: &TallyResult) -> Vec<ProofLine> {
    let line = |label, value: String| ProofLine { label, value };
    let mut lines = vec![
        line(ProofLabel::Opening, opening.id.to_string()),
        line(ProofLabel::Journal, fold.position().to_string()),
    ];
    if let Some(secret) = opening.secret() {
        lines.push(line(ProofLabel::RollRoot, secret.roll_root.to_string()));
        if let Some(closed) = &secret.closed {
            let checkpoint = &closed.checkpoint;
            lines.push(line(
                ProofLabel::BoxCheckpoint,
                format!("{} {}", checkpoint.size, checkpoint.root),
            ));
            lines.push(line(
                ProofLabel::Cosignatures,
                closed.cosignatures.len().to_string(),
            ));
        }
        let seats: Vec<_> = secret.shares.keys().map(ToString::to_string).collect();
        lines.push(line(ProofLabel::Shares, seats.join(", ")));
        for seat in &secret.bad_shares {
            lines.push(line(ProofLabel::Finding, format!("SEA-10 № {seat}")));
        }
    }
    for finding in &result.findings {
        let label = if finding.rule == "LOG-11" {
            ProofLabel::Finding
        } else if finding.rule == "TAL-01" {
            ProofLabel::Repeated
        } else {
            ProofLabel::Refused
        };
        lines.push(line(
            label,
            format!("{} {:?} {}", finding.rule, finding.way, finding.index),
        ));
    }
    lines
}

pub(crate) fn count(len: usize) -> u32 {
    u32::try_from(len).unwrap_or(u32::MAX)
}

fn role_view(role: assembly::Role) -> Role {
    match role {
        assembly::Role::Deputy => Role::Deputy,
        assembly::Role::Expert => Role::Expert,
        assembly::Role::Observer => Role::Observer,
    }
}

pub(crate) fn phase_view(phase: assembly::Phase) -> Phase {
    match phase {
        assembly::Phase::Proposed => Phase::Proposed,
        assembly::Phase::Noticed => Phase::Noticed,
        assembly::Phase::Open => Phase::Open,
        assembly::Phase::Closed => Phase::Closed,
        assembly::Phase::Decided => Phase::Decided,
        assembly::Phase::Void(_) => Phase::Void,
        assembly::Phase::Withdrawn => Phase::Withdrawn,
    }
}

fn majority_view(majority: assembly::Majority) -> Majority {
    match majority {
        assembly::Majority::Simple => Majority::Simple,
        assembly::Majority::Absolute => Majority::Absolute,
        assembly::Majority::TwoThirds => Majority::TwoThirds,
        assembly::Majority::ThreeQuarters => Majority::ThreeQuarters,
        assembly::Majority::Consensus => Majority::Consensus,
    }
}

fn charter_view(charter: &assembly::Charter, fold: Option<&Assembly>) -> CharterView {
    CharterView {
        endorsements: charter.endorsements,
        founding_seats: charter.founding_seats,
        objection_ms: charter.objection_ms,
        cooling_off_ms: charter.cooling_off_ms,
        detain_signers: charter.detain_signers,
        seconders: charter.seconders,
        notice_ms: charter.notice_ms,
        voting_least_ms: charter.voting_least_ms,
        voting_greatest_ms: charter.voting_greatest_ms,
        roll_floor: charter.roll_floor,
        ballots_floor: charter.ballots_floor,
        trustees: fold.map_or_else(Vec::new, |fold| {
            fold.trustee_seats().iter().map(|seat| seat.0).collect()
        }),
        threshold: charter.threshold,
        ties: ties_view(charter.ties),
    }
}
