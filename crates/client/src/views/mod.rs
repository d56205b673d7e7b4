//! What a person is shown: plain values, read from the folded state, with no secret in them.
//!
//! Every front end (window, command line, agent) shows these and nothing else. Ids are lower-case hexadecimal,
//! times are milliseconds since the Unix epoch as the relay stamped them, spans end in `_ms`.

macro_rules! view {
    ($(#[$meta:meta])* pub struct $name:ident { $($(#[$field_meta:meta])* pub $field:ident: $type:ty,)* }) => {
        $(#[$meta])*
        #[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
        #[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
        pub struct $name { $($(#[$field_meta])* pub $field: $type,)* }
    };
    ($(#[$meta:meta])* pub enum $name:ident { $($(#[$variant_meta:meta])* $variant:ident,)* }) => {
        $(#[$meta])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
        #[serde(rename_all = "snake_case")]
        pub enum $name { $($(#[$variant_meta])* $variant,)* }
    };
}

mod assembly;
mod devices;
mod motions;
mod surroundings;
mod talk;
mod votes;

pub use assembly::{
    AdmissionState, AdmissionView, AssemblyView, CharterView, InvitationView, MemberView, PlenaryView,
    RefoundingView, Role, SeatState, Standing, Witnessed,
};
pub use devices::{
    DeviceLinkReadView, DeviceLinkView, DeviceView, DevicesView, LeavingView, NewDeviceView,
    WaitingDeviceView,
};
pub use motions::{
    Barred, Majority, MotionView, OwnVote, OwnVoteState, Phase, ProofLabel, ProofLine, ResultView, RuleView,
    SeatVote, VoteKind,
};
pub use surroundings::{
    Carrier, ConnectionState, ConnectionView, EvidenceKind, EvidenceView, NoticeCode, Overview,
};
pub use talk::{
    ConversationKind, ConversationStanding, ConversationView, DraftView, FindingView, FoundView, MediaView,
    MessageContent, MessageState, MessageView, PresentView, ReactionView, ReceiptLevel, ReplyView, RunStyle,
    RunView, TransferState, TransferView,
};
pub use votes::{AccountView, ActView, Choice, OptionsView, QuestionView, StageView, Ties};
