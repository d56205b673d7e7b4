//! The audit file and its verification (`docs/spec/audit.md`).

mod file;
mod items;
mod journal;
mod report;
mod verify;
mod votes;

pub use file::{
    AUDIT_BYTES_MAX, AUDIT_FORMAT, AuditBox, AuditEntry, AuditFile, AuditLevel, AuditLog, DayGoesOn,
    JournalPart,
};
pub use report::{Breach, Finding, MotionReport, Report, Rule as AuditRule, SeatReport};
pub use verify::{AuditStage, AuditVerifier, Unusable, verify_audit};
