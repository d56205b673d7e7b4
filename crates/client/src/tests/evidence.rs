//! Evidence is kept, and no relay fills a vault with it.

use super::world::World;
use crate::evidence::EVIDENCE_MAX;
use crate::views::EvidenceKind;
use primitives::LogId;

#[test]
fn lies_about_logs_that_nobody_reads_are_kept_up_to_a_limit() {
    let mut world = World::new(71, 2);
    world.found(2);
    let journal = world.relay.first_log.expect("a journal");
    world.act(0, |step| {
        for number in 0..=EVIDENCE_MAX as u64 {
            let mut id = [0xfe; 32];
            id[..8].copy_from_slice(&number.to_be_bytes());
            step.accuse(
                EvidenceKind::Fork,
                LogId::new(id),
                "two histories".to_owned(),
                None,
            );
        }
        Ok(())
    });
    assert_eq!(world.overview(0).evidence.len(), EVIDENCE_MAX);
    world.act(0, |step| {
        step.accuse(EvidenceKind::Fork, journal, "two histories".to_owned(), None);
        Ok(())
    });
    let kept = world.act(0, |step| Ok(step.is_forked(journal)));
    assert!(kept, "what is about one's own logs has its place");
}
