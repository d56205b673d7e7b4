//! How far the reading is, on a terminal.

use assembly::AuditStage;
use indicatif::{ProgressBar, ProgressStyle};

/// The bar takes what the words leave of the line, so that it stays one line on a narrow terminal too.
const TEMPLATE: &str = "{msg:7} {wide_bar} {percent:>3} %, {eta} left";

/// A bar on standard error, or nothing: without a terminal, and where another program reads the report.
#[derive(Debug, Clone)]
pub(crate) struct Progress(ProgressBar);

impl Progress {
    /// - `total`: bytes of the file.
    /// - `hidden`: whether another program reads.
    pub(crate) fn new(total: u64, hidden: bool) -> Self {
        if hidden {
            return Self(ProgressBar::hidden());
        }
        // Draws nothing by itself where standard error is no terminal.
        let bar = ProgressBar::new(total);
        if let Ok(style) = ProgressStyle::with_template(TEMPLATE) {
            bar.set_style(style);
        }
        Self(bar)
    }

    /// So many bytes are read and verified.
    pub(crate) fn advance(&self, bytes: u64, stage: AuditStage) {
        self.0.set_message(match stage {
            AuditStage::Journal => "journal",
            AuditStage::Boxes => "ballots",
        });
        self.0.inc(bytes);
    }

    /// Takes the bar away: what comes stands where it stood.
    pub(crate) fn clear(&self) {
        self.0.finish_and_clear();
    }
}
