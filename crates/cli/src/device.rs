//! Devices of one's own: what a person says in short is looked up first.

use crate::ending::Ending;
use crate::once::overview;
use app::Handle;
use app::dto::views::DevicesView;
use app::dto::{Answer, Refusal, RefusalCode, Request};

/// What is asked about a device that is named in short.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Asked {
    /// Let in the device that shows this code.
    Admit {
        /// The code, however its digits are grouped.
        code: String,
        /// Whether it gets what was said so far.
        history: bool,
    },
    /// Revoke the device whose key begins so.
    Revoke {
        /// The beginning of its key.
        device: String,
    },
    /// Be reminded no longer of the device whose key begins so.
    Acknowledge {
        /// The beginning of its key.
        device: String,
    },
}

/// The request, in the words that the client knows.
pub(crate) async fn request(handle: &Handle, asked: Asked) -> Result<Request, Ending> {
    Ok(match asked {
        Asked::Admit { code, history } => Request::AdmitDevice {
            code: as_shown(&devices(handle).await?, &code),
            history,
        },
        Asked::Revoke { device } => {
            let view = devices(handle).await?;
            let known = view.devices.iter().map(|view| &view.device);
            Request::RevokeDevice {
                device: only_one(known, &device)?,
            }
        }
        Asked::Acknowledge { device } => {
            let view = overview(handle).await?;
            let known = view.new_devices.iter().map(|view| &view.device);
            Request::AcknowledgeDevice {
                device: only_one(known, &device)?,
            }
        }
    })
}

/// The devices of one's own seat.
pub(crate) async fn devices(handle: &Handle) -> Result<DevicesView, Ending> {
    match handle
        .request(Request::Devices)
        .await
        .map_err(Ending::from_refusal)?
    {
        Answer::Devices { devices } => Ok(devices),
        _ => Err(Ending::Usage(
            "the devices were answered with something else".to_owned(),
        )),
    }
}

/// The code as the client writes it, if its digits are the same; else as it was said, for the client to refuse.
fn as_shown(view: &DevicesView, said: &str) -> String {
    let waiting = view.link.as_ref().and_then(|link| link.waiting.as_ref());
    let shown = waiting.and_then(|waiting| waiting.code.clone());
    shown
        .filter(|shown| digits(shown) == digits(said))
        .unwrap_or_else(|| said.to_owned())
}

fn digits(code: &str) -> String {
    code.chars().filter(char::is_ascii_digit).collect()
}

/// The key that begins so, if there is one and no other.
fn only_one<'a>(keys: impl Iterator<Item = &'a String>, prefix: &str) -> Result<String, Ending> {
    let prefix = prefix.to_ascii_lowercase();
    let mut found = keys.filter(|key| !prefix.is_empty() && key.starts_with(&prefix));
    let details = match (found.next(), found.next()) {
        (Some(key), None) => return Ok(key.clone()),
        (None, _) => {
            "no device of which this is asked has a key that begins so; `devices` and `overview` list them"
        }
        (Some(_), Some(_)) => "several devices have keys that begin so; say more of the key",
    };
    Err(Ending::Refused(Refusal {
        code: RefusalCode::Unknown,
        details: details.to_owned(),
    }))
}

#[cfg(test)]
mod tests {
    use super::*;
    use app::dto::views::{DeviceLinkView, WaitingDeviceView};

    fn waiting(code: &str) -> DevicesView {
        DevicesView {
            devices: Vec::new(),
            link: Some(DeviceLinkView {
                link: None,
                qr: None,
                expires: 0,
                waiting: Some(WaitingDeviceView {
                    name: "Laptop".into(),
                    code: Some(code.into()),
                }),
                admitted: false,
            }),
            most: 5,
        }
    }

    #[test]
    fn a_code_is_the_same_however_its_digits_are_grouped() {
        let view = waiting("48210 93755");
        for said in ["48210 93755", "4821093755", "48210-93755"] {
            assert_eq!(as_shown(&view, said), "48210 93755");
        }
    }

    #[test]
    fn another_code_goes_to_the_client_as_it_was_said() {
        assert_eq!(as_shown(&waiting("48210 93755"), "11111 22222"), "11111 22222");
    }

    #[test]
    fn a_device_is_named_by_the_beginning_of_its_key_if_no_other_begins_so() {
        let devices = ["4f2a91", "4f2b00", "c0ffee"].map(str::to_owned);
        let devices = || devices.iter();
        assert_eq!(only_one(devices(), "C0").unwrap(), "c0ffee");
        assert_eq!(only_one(devices(), "4f2a").unwrap(), "4f2a91");
        let several = only_one(devices(), "4f2").unwrap_err().to_string();
        assert!(several.contains("say more"), "{several}");
        for none in ["", "77"] {
            let refused = only_one(devices(), none).unwrap_err().to_string();
            assert!(refused.contains("no device"), "{refused}");
        }
    }
}
