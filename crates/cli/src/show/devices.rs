//! The devices of one's own seat, and a link for a further one.

use super::{line, time};
use app::dto::views::{
    DeviceLinkReadView, DeviceLinkView, DeviceView, DevicesView, LeavingView, NewDeviceView,
};

/// They, and who waits behind the link.
pub(super) fn show_devices(text: &mut String, view: &DevicesView) {
    view.devices.iter().for_each(|device| show_device(text, device));
    if let Some(link) = &view.link {
        show_link(text, link);
    }
}

fn show_device(text: &mut String, view: &DeviceView) {
    let marks = [(view.this, "this device"), (view.first, "first device")];
    let mut words: Vec<&str> = marks
        .into_iter()
        .filter_map(|(set, mark)| set.then_some(mark))
        .collect();
    if let Some(name) = &view.name {
        words.insert(0, name);
    }
    let since = format!("since {}", time(view.since));
    words.push(&since);
    line(text, &view.device, &words.join(", "));
    if let Some(leaving) = &view.leaving {
        line(text, "  Being revoked:", &still_in(leaving));
    }
}

/// What a device that is being revoked is still in.
fn still_in(view: &LeavingView) -> String {
    if !view.recorded {
        return "the journal does not say so yet; until then it reads everything".to_owned();
    }
    let conversations = match view.conversations {
        0 => None,
        1 => Some("one conversation".to_owned()),
        many => Some(format!("{many} conversations")),
    };
    let journal = view.journal.then(|| "the journal".to_owned());
    let places: Vec<String> = conversations.into_iter().chain(journal).collect();
    format!("still in {}", places.join(" and "))
}

/// A device that has come, for whoever knows nothing of it.
pub(super) fn show_new_device(text: &mut String, view: &NewDeviceView) {
    let name = view.name.as_deref().unwrap_or("a device");
    let gone = if view.there { "" } else { ", revoked since" };
    let details = format!("{name}, {}, since {}{gone}", view.device, time(view.since));
    line(text, "A device has come to your seat:", &details);
    let hint =
        "revoke it on your first device if you do not know it; else `devices acknowledge` with its key";
    line(text, "  Nobody but you should have let it in:", hint);
}

fn show_link(text: &mut String, view: &DeviceLinkView) {
    if view.admitted {
        line(text, "A device is being let in.", "");
        return;
    }
    match &view.waiting {
        Some(waiting) => {
            line(text, "A device waits:", &waiting.name);
            match &waiting.code {
                Some(code) => line(text, "  Its code, to compare:", code),
                None => line(
                    text,
                    "  Its code is not there yet; ask again in some seconds.",
                    "",
                ),
            }
        }
        // The link itself is shown once, by the command that makes it.
        None => line(
            text,
            "A link waits for a device; it can be used until",
            &time(view.expires),
        ),
    }
}

/// A link as the new device reads it.
pub(super) fn show_link_read(text: &mut String, view: &DeviceLinkReadView) {
    let assembly = format!("{} ({})", view.assembly_name, view.assembly);
    line(text, "Makes this a further device in", &assembly);
    line(text, "Relay:", &view.relay);
    line(text, "It can be used until", &time(view.expires));
}

#[cfg(test)]
mod tests {
    use super::*;
    use app::dto::views::WaitingDeviceView;

    fn view(waiting: Option<WaitingDeviceView>) -> DevicesView {
        DevicesView {
            devices: vec![DeviceView {
                device: "4f2a".into(),
                name: Some("Office\nDone.".into()),
                this: true,
                first: false,
                since: 0,
                leaving: None,
            }],
            link: Some(DeviceLinkView {
                link: Some("veche:device/secret".into()),
                qr: None,
                expires: 0,
                waiting,
                admitted: false,
            }),
            most: 5,
        }
    }

    #[test]
    fn a_device_stands_in_one_line_whatever_its_name() {
        let mut text = String::new();
        show_devices(&mut text, &view(None));
        let first = text.lines().next().unwrap_or_default();
        assert_eq!(
            first,
            "4f2a Office\u{fffd}Done., this device, since 1970-01-01 00:00:00 UTC"
        );
    }

    #[test]
    fn a_device_that_is_being_revoked_says_what_it_is_still_in() {
        let said = |recorded, conversations, journal| {
            still_in(&LeavingView {
                recorded,
                conversations,
                journal,
            })
        };
        assert!(said(false, 3, true).contains("reads everything"));
        assert_eq!(said(true, 2, true), "still in 2 conversations and the journal");
        assert_eq!(said(true, 1, false), "still in one conversation");
        assert_eq!(said(true, 0, true), "still in the journal");
    }

    #[test]
    fn a_device_that_has_come_is_named_by_its_key_also_when_it_has_gone() {
        let mut view = NewDeviceView {
            device: "4f2a".into(),
            name: None,
            since: 0,
            there: true,
        };
        let shown = |view: &NewDeviceView| {
            let mut text = String::new();
            show_new_device(&mut text, view);
            text
        };
        assert!(shown(&view).contains("4f2a") && !shown(&view).contains("revoked since"));
        view.there = false;
        assert!(shown(&view).contains("revoked since"));
    }

    #[test]
    fn the_code_of_who_waits_is_shown_and_the_link_is_not() {
        let mut text = String::new();
        let waiting = WaitingDeviceView {
            name: "Laptop".into(),
            code: Some("48210 93755".into()),
        };
        show_devices(&mut text, &view(Some(waiting)));
        assert!(text.contains("48210 93755"), "{text}");
        assert!(!text.contains("secret"), "{text}");
    }
}
