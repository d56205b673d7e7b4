//! The devices of one's own seat, and a further one on its way in.

use super::Carrier;
use serde::{Deserialize, Serialize};

view! {
    /// The devices of one's own seat.
    pub struct DevicesView {
        /// They, the first one first; those that are on their way out after those that stay.
        pub devices: Vec<DeviceView>,
        /// The link by which a further one may come in, while there is one. On the seat's first device only.
        pub link: Option<DeviceLinkView>,
        /// Most devices that a seat has.
        pub most: u32,
    }
}

view! {
    /// A device of one's own seat.
    pub struct DeviceView {
        /// Its key, as requests name it.
        pub device: String,
        /// What its user called it; known to the device itself and to the first one.
        pub name: Option<String>,
        /// Whether it is this one.
        pub this: bool,
        /// Whether it is the first one: it votes in secret, lets others in and revokes them.
        pub first: bool,
        /// Since when it is one.
        pub since: u64,
        /// How far it is on its way out, once it is being revoked; it is in the list until it is out of everything.
        pub leaving: Option<LeavingView>,
    }
}

view! {
    /// A device that is being revoked: what it is still in. It is out once the journal has said so, and everybody has gone
    /// on without it.
    pub struct LeavingView {
        /// Whether the journal has the revocation; until then it waits to be sent or to be taken.
        pub recorded: bool,
        /// How many of the conversations that this device is in still have it.
        pub conversations: u32,
        /// Whether the journal, and with it the list of who can be reached, still goes on in a log that it knows.
        pub journal: bool,
    }
}

view! {
    /// A device that has come to one's own seat.
    pub struct NewDeviceView {
        /// Its key, as requests name it.
        pub device: String,
        /// What its user called it; known to the first device only.
        pub name: Option<String>,
        /// Since when it is one.
        pub since: u64,
        /// Whether it still is one; else it has been revoked.
        pub there: bool,
    }
}

view! {
    /// A link for a further device, on the device that made it.
    pub struct DeviceLinkView {
        /// The link, for the eyes of the other device only; absent once somebody has come by it, for it is of no more use.
        pub link: Option<String>,
        /// The same as a QR code: an SVG image, black on white.
        pub qr: Option<String>,
        /// Until when it can be used.
        pub expires: u64,
        /// Who has come by it.
        pub waiting: Option<WaitingDeviceView>,
        /// Whether it is being let in: the journal and the conversations follow by themselves.
        pub admitted: bool,
    }
}

view! {
    /// A device that has come by the link and waits.
    pub struct WaitingDeviceView {
        /// What its user called it.
        pub name: String,
        /// The code that both devices show: another one there is another device here. Absent until both have told each
        /// other what it is made from, some seconds after the device came.
        pub code: Option<String>,
    }
}

view! {
    /// A device's link as the new device reads it, before it is used.
    pub struct DeviceLinkReadView {
        /// Name of the assembly, as the link says.
        pub assembly_name: String,
        /// Assembly id.
        pub assembly: String,
        /// The relay's address line.
        pub relay: String,
        /// Until when it can be used.
        pub expires: u64,
        /// A way to the relay that came with it.
        pub carrier: Option<Carrier>,
    }
}
