//! Decoders of invitations, of what is posted to them, and of messages.

use crate::election::rng;
use crate::{Decoder, Target, Vectors};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use messaging::{
    Admitted, AppMessage, Body, Emoji, EnvelopeSecret, Invitation, JoinRequest, KeyPackage, Opened,
    OwnDevice, Posted, Text, Timer, new_key_package, open, open_admitted, open_envelope, open_posted,
    post_admitted, post_refused, post_request, seal_envelope, wrap,
};
use minicbor::bytes::ByteArray;
use primitives::canonical::sha256;
use primitives::store::MemoryStore;
use primitives::{
    AssemblyId, ConversationId, DeviceCertificate, Hash, MessageId, MessageName, Overlay, Secret, Signed,
    SigningSecret, Time, labels,
};
use std::sync::LazyLock;
use tlog::SignedCheckpoint;

/// The messaging's decoders.
pub const TARGET: Target = Target {
    name: "messages",
    decoders: &[
        Decoder {
            name: "invitation link",
            accepts: link,
            seeds: |_| vec![invitation().link().as_bytes().to_vec()],
        },
        Decoder {
            name: "invitation",
            accepts: |bytes| link(link_of(bytes).as_bytes()),
            seeds: |_| vec![cbor_of(&invitation().link())],
        },
        Decoder {
            name: "message",
            accepts: message,
            seeds: messages,
        },
        Decoder {
            name: "envelope",
            accepts: |bytes| open_envelope(&ENVELOPE, ID.as_bytes(), bytes).is_ok(),
            seeds: |_| vec![seal_envelope(&ENVELOPE.key().unwrap(), ID.as_bytes(), b"hello").unwrap()],
        },
        Decoder {
            name: "admission",
            accepts: admission,
            seeds: |_| vec![admitted()],
        },
        Decoder {
            name: "posted",
            accepts: |bytes| Posted::parse(bytes).is_ok(),
            seeds: |_| posted().iter().map(|entry| inside(entry)).collect(),
        },
        Decoder {
            name: "posted, wrapped",
            accepts: |bytes| open_posted(&invitation(), bytes).is_ok(),
            seeds: |_| posted(),
        },
        Decoder {
            name: "key package",
            accepts: |bytes| KeyPackage::parse(bytes).is_ok(),
            seeds: |_| vec![MEMBER.key_package.clone()],
        },
        Decoder {
            name: "wrapped entry",
            accepts: wrapped,
            seeds: |_| {
                vec![
                    wrap(&wrap_key(), labels::CONVERSATION_WRAP, b"hello", &mut rng(2))
                        .unwrap()
                        .entry,
                ]
            },
        },
    ],
};

const ID: Hash = Hash::new([6; 32]);
static ENVELOPE: LazyLock<EnvelopeSecret> =
    LazyLock::new(|| EnvelopeSecret::from_seed(Secret::take(&mut [5; 32])));
static MEMBER: LazyLock<Joiner> = LazyLock::new(Joiner::new);

/// Somebody who asks to join.
struct Joiner {
    certificate: Signed<DeviceCertificate>,
    key: SigningSecret,
    key_package: Vec<u8>,
}

impl Joiner {
    fn new() -> Self {
        let identity = SigningSecret::from_seed(&Secret::take(&mut [1; 32]));
        let key = SigningSecret::from_seed(&Secret::take(&mut [2; 32]));
        let certificate = DeviceCertificate::issue(&identity, key.verifying_key(), [0; 32], Time(0));
        let device = OwnDevice::new(&certificate, &key).unwrap();
        let store = MemoryStore::new();
        let key_package = new_key_package(&mut Overlay::new(&store), &device, false).unwrap();
        Self {
            certificate,
            key,
            key_package,
        }
    }
}

fn invitation() -> Invitation {
    Invitation {
        relay: "veche-relay://abc@127.0.0.1:7000".to_owned(),
        carrier: Some("socks5://127.0.0.1:9050".to_owned()),
        assembly: AssemblyId::new([1; 32]),
        assembly_name: "Совет".to_owned(),
        inviter: MEMBER.key.verifying_key(),
        role: 1,
        secret: Secret::take(&mut [3; 32]),
        expires: Time(1_000),
    }
}

/// A link that is read is written the same, but for spaces.
fn link(bytes: &[u8]) -> bool {
    let Ok(text) = core::str::from_utf8(bytes) else {
        return false;
    };
    Invitation::parse(text).is_ok_and(|invitation| {
        let plain: String = text.chars().filter(|c| !c.is_whitespace()).collect();
        assert_eq!(*invitation.link(), plain);
        true
    })
}

/// The link of any CBOR: its checksum is no secret, and a fuzzer would never find it.
fn link_of(cbor: &[u8]) -> String {
    let checksum = sha256(cbor);
    let bytes = [cbor, &checksum.as_bytes()[..4]].concat();
    format!("veche:join/{}", URL_SAFE_NO_PAD.encode(bytes))
}

fn cbor_of(link: &str) -> Vec<u8> {
    let body = link.strip_prefix("veche:join/").unwrap();
    let mut bytes = URL_SAFE_NO_PAD.decode(body).unwrap();
    bytes.truncate(bytes.len() - 4);
    bytes
}

fn message(bytes: &[u8]) -> bool {
    AppMessage::decode(bytes).is_ok_and(|message| {
        assert_eq!(message.encode(), bytes);
        true
    })
}

fn messages(vectors: &Vectors) -> Vec<Vec<u8>> {
    let files = vectors.audit_files();
    let checkpoint = files.iter().flat_map(|file| &file.logs).next();
    let checkpoint: Option<SignedCheckpoint> = checkpoint.map(|log| log.checkpoint.clone());
    let name = MessageName::new([2; 32]);
    let bodies = [
        Body::Text("Добрый день".into()),
        Body::Text(Text {
            words: "*Да*, @{3}".to_owned(),
            reply: Some(name),
            timer: Timer::new(60_000),
        }),
        Body::Edit {
            message: name,
            words: "_Нет_".to_owned(),
        },
        Body::Delete { message: name },
        Body::React {
            message: name,
            emoji: Emoji::new("👍🏽").unwrap(),
            set: true,
        },
        Body::Timer(None),
        Body::Unknown {
            kind: 900,
            content: vec![1, 2, 3],
        },
    ];
    bodies
        .map(|body| {
            let message = AppMessage {
                id: MessageId::new([1; 32]),
                sent: Time(5),
                journal: checkpoint.clone(),
                conversation: None,
                body,
            };
            message.encode()
        })
        .to_vec()
}

/// What a sponsor of bad will puts into the envelope, for the envelope itself is authenticated.
fn admission(bytes: &[u8]) -> bool {
    let envelope = seal_envelope(&ENVELOPE.key().unwrap(), ID.as_bytes(), bytes).unwrap();
    open_admitted(&ENVELOPE, ID, &envelope).is_ok()
}

fn admitted() -> Vec<u8> {
    let admitted = Admitted {
        journal_keys: Vec::new(),
        conversation: ConversationId::new([1; 32]),
        log_secret: Secret::take(&mut [2; 32]),
        log_start: 3,
        welcome: vec![4; 40],
    };
    let wrapped = post_admitted(
        &invitation(),
        ID,
        &ENVELOPE.key().unwrap(),
        &admitted,
        &mut rng(4),
    );
    match open_posted(&invitation(), &wrapped.unwrap().entry) {
        Ok(Posted::Admitted { envelope }) => open_envelope(&ENVELOPE, ID.as_bytes(), &envelope)
            .unwrap()
            .to_vec(),
        _ => Vec::new(),
    }
}

/// Entries of the invitation's log.
fn posted() -> Vec<Vec<u8>> {
    let device = OwnDevice::new(&MEMBER.certificate, &MEMBER.key).unwrap();
    let request = JoinRequest {
        name: "Анна".to_owned(),
        salt: ByteArray::from([7; 32]),
        certificate: MEMBER.certificate.unverified().clone(),
        key_package: MEMBER.key_package.clone(),
        envelope_key: ENVELOPE.key().unwrap(),
    };
    let request = post_request(&invitation(), &device, request, &mut rng(5)).unwrap();
    let refusal = post_refused(&invitation(), "нет", &mut rng(6)).unwrap();
    vec![request.entry, refusal.entry]
}

/// What such an entry holds.
fn inside(entry: &[u8]) -> Vec<u8> {
    match open(&invitation().log_keys().wrap, labels::RENDEZVOUS, entry) {
        Ok(Opened::Inline(bytes)) => bytes,
        _ => Vec::new(),
    }
}

fn wrap_key() -> Secret<32> {
    Secret::take(&mut [8; 32])
}

/// Whoever has the key can wrap anything, so the bytes come both wrapped and as they are.
fn wrapped(bytes: &[u8]) -> bool {
    let label = labels::CONVERSATION_WRAP;
    if let Ok(wrapped) = wrap(&wrap_key(), label, bytes, &mut rng(3))
        && wrapped.pieces.is_empty()
    {
        let opened = open(&wrap_key(), label, &wrapped.entry);
        assert!(matches!(opened, Ok(Opened::Inline(inside)) if inside == bytes));
    }
    open(&wrap_key(), label, bytes).is_ok()
}
