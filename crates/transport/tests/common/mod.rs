//! Toy relays and a toy proxy, in this process, on ports that the system chooses.
#![allow(dead_code, reason = "each test program uses its part")]

use primitives::{Secret, SigningSecret, Time};
use rcgen::{
    BasicConstraints, Certificate, CertificateParams, IsCa, Issuer, KeyPair, PKCS_ED25519, date_time_ymd,
};
use relay_api::{HostPort, Limits, RelayAddress, RelayKeys, Reply, relay_id};
use rustls::ServerConfig;
use rustls::crypto::{CryptoProvider, aws_lc_rs};
use rustls::pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer};
use std::future::Future;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _, copy_bidirectional};
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::server::TlsStream;
use transport::Timeouts;

pub(crate) type ServerWire = TlsStream<TcpStream>;

/// The keys of a toy relay.
pub(crate) struct Identity {
    pub(crate) signing: SigningSecret,
    pub(crate) pair: KeyPair,
}

impl Identity {
    pub(crate) fn new(seed: u8) -> Self {
        let seed = [seed; 32];
        let mut pkcs8 = vec![
            0x30, 0x2e, 0x02, 0x01, 0x00, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x04, 0x22, 0x04, 0x20,
        ];
        pkcs8.extend_from_slice(&seed);
        let pair = KeyPair::try_from(&PrivatePkcs8KeyDer::from(pkcs8)).unwrap();
        Self {
            signing: SigningSecret::from_seed(&Secret::take(&mut { seed })),
            pair,
        }
    }

    fn params() -> CertificateParams {
        let mut params = CertificateParams::new(Vec::new()).unwrap();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params
    }

    pub(crate) fn certificate(&self) -> Certificate {
        Self::params().self_signed(&self.pair).unwrap()
    }

    pub(crate) fn leaf(&self, key: &KeyPair, until_year: i32) -> Certificate {
        let mut params = CertificateParams::new(vec!["localhost".to_owned()]).unwrap();
        params.not_before = date_time_ymd(2000, 1, 1);
        params.not_after = date_time_ymd(until_year, 1, 1);
        let issuer: Issuer<'_, &KeyPair> = Issuer::new(Self::params(), &self.pair);
        params.signed_by(key, &issuer).unwrap()
    }

    pub(crate) fn keys(&self) -> Reply {
        let checkpoint_key = SigningSecret::from_seed(&Secret::take(&mut [9; 32])).verifying_key();
        Reply::Keys(RelayKeys::sign(&self.signing, checkpoint_key, Time(1)))
    }
}

/// What a toy relay presents.
pub(crate) struct Presented {
    pub(crate) chain: Vec<CertificateDer<'static>>,
    pub(crate) key: KeyPair,
    pub(crate) post_quantum: bool,
}

impl Presented {
    /// As an honest relay of this identity does.
    pub(crate) fn honest(identity: &Identity) -> Self {
        Self::until(identity, 2999)
    }

    pub(crate) fn until(identity: &Identity, year: i32) -> Self {
        let key = KeyPair::generate_for(&PKCS_ED25519).unwrap();
        let leaf = identity.leaf(&key, year);
        Self {
            chain: vec![leaf.der().clone(), identity.certificate().der().clone()],
            key,
            post_quantum: true,
        }
    }

    fn config(&self) -> ServerConfig {
        let kx_groups = if self.post_quantum {
            vec![aws_lc_rs::kx_group::X25519MLKEM768]
        } else {
            vec![aws_lc_rs::kx_group::X25519]
        };
        let provider = CryptoProvider {
            kx_groups,
            ..aws_lc_rs::default_provider()
        };
        let key = PrivateKeyDer::from(PrivatePkcs8KeyDer::from(self.key.serialize_der()));
        ServerConfig::builder_with_provider(Arc::new(provider))
            .with_protocol_versions(&[&rustls::version::TLS13])
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(self.chain.clone(), key)
            .unwrap()
    }
}

/// A running toy relay.
pub(crate) struct Toy {
    pub(crate) port: u16,
    /// Connections that got through TLS.
    pub(crate) connections: Arc<AtomicUsize>,
    /// The names that clients showed in the clear.
    pub(crate) shown: Arc<Mutex<Vec<String>>>,
}

impl Toy {
    /// Runs `serve` on every connection.
    pub(crate) async fn start<F, S>(presented: Presented, serve: S) -> Self
    where
        F: Future<Output = ()> + Send,
        S: Fn(ServerWire) -> F + Send + Sync + Clone + 'static,
    {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let acceptor = TlsAcceptor::from(Arc::new(presented.config()));
        let toy = Self {
            port,
            connections: Arc::default(),
            shown: Arc::default(),
        };
        let (connections, shown) = (toy.connections.clone(), toy.shown.clone());
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let (acceptor, serve) = (acceptor.clone(), serve.clone());
                let (connections, shown) = (connections.clone(), shown.clone());
                tokio::spawn(async move {
                    if let Ok(wire) = acceptor.accept(stream).await {
                        connections.fetch_add(1, Ordering::SeqCst);
                        shown
                            .lock()
                            .unwrap()
                            .extend(wire.get_ref().1.server_name().map(str::to_owned));
                        serve(wire).await;
                    }
                });
            }
        });
        toy
    }

    /// Answers everything on every connection with the same bytes.
    pub(crate) async fn answering(identity: &Identity, bytes: Vec<u8>) -> Self {
        let bytes = Arc::new(bytes);
        Self::start(Presented::honest(identity), move |mut wire| {
            let bytes = bytes.clone();
            async move {
                while request(&mut wire).await.is_some() {
                    wire.write_all(&bytes).await.unwrap();
                }
            }
        })
        .await
    }

    pub(crate) fn connections(&self) -> usize {
        self.connections.load(Ordering::SeqCst)
    }

    pub(crate) fn address(&self, identity: &Identity) -> RelayAddress {
        address(identity, &[("127.0.0.1", self.port)])
    }
}

pub(crate) fn address(identity: &Identity, hosts: &[(&str, u16)]) -> RelayAddress {
    RelayAddress {
        relay: relay_id(&identity.signing.verifying_key()),
        token: None,
        hosts: hosts
            .iter()
            .map(|(host, port)| HostPort {
                host: (*host).to_owned(),
                port: *port,
            })
            .collect(),
    }
}

/// Reads one request; its path, or `None` at the end of the connection.
pub(crate) async fn request(wire: &mut ServerWire) -> Option<String> {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        head.push(wire.read_u8().await.ok()?);
    }
    let head = String::from_utf8(head).unwrap();
    let length = head.lines().find_map(|line| {
        line.to_ascii_lowercase()
            .strip_prefix("content-length: ")?
            .parse()
            .ok()
    });
    wire.read_exact(&mut vec![0; length.unwrap_or(0)]).await.ok()?;
    head.split(' ').nth(1).map(str::to_owned)
}

/// The bytes of an HTTP answer.
pub(crate) fn http(status: u16, body: &[u8]) -> Vec<u8> {
    let mut bytes = format!("HTTP/1.1 {status} X\r\ncontent-length: {}\r\n\r\n", body.len()).into_bytes();
    bytes.extend_from_slice(body);
    bytes
}

/// As a relay answers.
pub(crate) fn answer(reply: &Reply) -> Vec<u8> {
    let reply = reply.to_http();
    http(reply.status, &reply.body)
}

pub(crate) fn limits() -> Reply {
    Reply::Limits(Limits {
        now: Time(5),
        entry_bytes_max: 1,
        blob_bytes_max: 2,
        page_bytes_max: 3,
        roll_len_max: 4,
        append_burst: 5,
        append_every_ms: 6,
        watch_logs_max: 7,
        create_needs_token: false,
    })
}

/// For tests of what does happen, on a machine however slow.
pub(crate) fn patient() -> Timeouts {
    Timeouts::default()
}

/// For tests of what does not happen.
pub(crate) fn impatient() -> Timeouts {
    let ms = Duration::from_millis;
    Timeouts {
        connect: ms(2000),
        answer: ms(2000),
        stall: ms(400),
        silence: ms(300),
    }
}

/// What a toy proxy does with those who ask.
#[derive(Clone, Copy)]
pub(crate) enum Manners {
    /// Asks for a password and connects to 127.0.0.1, whatever the name.
    Tor,
    /// Wants no password.
    Open,
    /// Answers CONNECT with this code.
    Refusing(u8),
    /// Talks about something else.
    Confused,
}

/// A running toy proxy.
pub(crate) struct Proxy {
    pub(crate) port: u16,
    /// Usernames with the hosts they asked for.
    pub(crate) asked: Arc<Mutex<Vec<(String, String)>>>,
}

impl Proxy {
    pub(crate) async fn start(manners: Manners) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let proxy = Self {
            port: listener.local_addr().unwrap().port(),
            asked: Arc::default(),
        };
        let asked = proxy.asked.clone();
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let asked = asked.clone();
                tokio::spawn(async move { drop(relay_through(stream, manners, &asked).await) });
            }
        });
        proxy
    }

    pub(crate) fn carrier(&self) -> transport::Carrier {
        format!("socks5://127.0.0.1:{}", self.port).parse().unwrap()
    }
}

async fn relay_through(
    mut stream: TcpStream,
    manners: Manners,
    asked: &Mutex<Vec<(String, String)>>,
) -> std::io::Result<()> {
    if matches!(manners, Manners::Confused) {
        return stream.write_all(b"HTTP/1.1 400 Bad Request\r\n\r\n").await;
    }
    let mut hello = [0; 4];
    stream.read_exact(&mut hello).await?;
    assert_eq!(hello, [5, 2, 2, 0]);
    let mut username = String::new();
    if matches!(manners, Manners::Open) {
        stream.write_all(&[5, 0]).await?;
    } else {
        stream.write_all(&[5, 2]).await?;
        assert_eq!(stream.read_u8().await?, 1);
        username = short(&mut stream).await?;
        short(&mut stream).await?;
        stream.write_all(&[1, 0]).await?;
    }
    let mut head = [0; 4];
    stream.read_exact(&mut head).await?;
    let host = match head {
        [5, 1, 0, 1] => {
            let mut octets = [0; 4];
            stream.read_exact(&mut octets).await?;
            std::net::Ipv4Addr::from(octets).to_string()
        }
        [5, 1, 0, 3] => short(&mut stream).await?,
        other => panic!("asked {other:?}"),
    };
    let port = stream.read_u16().await?;
    asked.lock().unwrap().push((username, host));
    if let Manners::Refusing(code) = manners {
        return stream.write_all(&[5, code, 0, 1, 0, 0, 0, 0, 0, 0]).await;
    }
    let mut target = TcpStream::connect(("127.0.0.1", port)).await?;
    stream.write_all(&[5, 0, 0, 3, 1, b'x', 0, 0]).await?;
    copy_bidirectional(&mut stream, &mut target).await?;
    Ok(())
}

async fn short(stream: &mut TcpStream) -> std::io::Result<String> {
    let mut bytes = vec![0; usize::from(stream.read_u8().await?)];
    stream.read_exact(&mut bytes).await?;
    Ok(String::from_utf8(bytes).unwrap())
}
