//! NATS servers of a test's own: on loopback, on free ports, in a directory that goes with them.

use relay::JetStream;
use std::net::TcpListener;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use tempfile::TempDir;

/// Servers that form a cluster; one alone is none.
pub(crate) struct Nats {
    nodes: Vec<Node>,
    dir: TempDir,
    /// Who may come, as `USER:PASSWORD`; everybody if it is nobody.
    user: Option<&'static str>,
}

struct Node {
    client_port: u16,
    cluster_port: u16,
    child: Option<Child>,
}

impl Nats {
    pub(crate) fn start(nodes: usize) -> Self {
        Self::start_for(None, nodes)
    }

    pub(crate) fn start_for(user: Option<&'static str>, nodes: usize) -> Self {
        // Held all at once, so that no port is given twice.
        let held: Vec<_> = (0..2 * nodes)
            .map(|_| TcpListener::bind("127.0.0.1:0").unwrap())
            .collect();
        let ports: Vec<_> = held
            .iter()
            .map(|listener| listener.local_addr().unwrap().port())
            .collect();
        drop(held);
        let nodes = ports
            .as_chunks::<2>()
            .0
            .iter()
            .map(|[client_port, cluster_port]| Node {
                client_port: *client_port,
                cluster_port: *cluster_port,
                child: None,
            });
        let mut nats = Self {
            nodes: nodes.collect(),
            dir: tempfile::tempdir().unwrap(),
            user,
        };
        (0..nats.nodes.len()).for_each(|number| nats.start_node(number));
        nats
    }

    pub(crate) fn start_node(&mut self, number: usize) {
        let config = self.config(number);
        let path = self.dir.path().join(format!("{number}.conf"));
        std::fs::write(&path, config).unwrap();
        let log = std::fs::File::options()
            .create(true)
            .append(true)
            .open(self.dir.path().join(format!("{number}.log")))
            .unwrap();
        let child = Command::new(program())
            .arg("-c")
            .arg(&path)
            .stdout(Stdio::null())
            .stderr(log)
            .spawn();
        self.nodes[number].child = Some(child.expect("nats-server is there: cargo xtask setup installs it"));
    }

    pub(crate) fn kill_node(&mut self, number: usize) {
        let mut child = self.nodes[number].child.take().unwrap();
        child.kill().unwrap();
        child.wait().unwrap();
    }

    /// What `--store` takes.
    pub(crate) fn url(&self, stream: &str) -> String {
        let places = self
            .nodes
            .iter()
            .map(|node| format!("127.0.0.1:{}", node.client_port));
        format!("nats://{}/{stream}", places.collect::<Vec<_>>().join(","))
    }

    pub(crate) fn place(&self, stream: &str) -> JetStream {
        JetStream::parse(&self.url(stream)).unwrap()
    }

    pub(crate) fn dir(&self) -> &Path {
        self.dir.path()
    }

    fn config(&self, number: usize) -> String {
        let node = &self.nodes[number];
        let store = self.dir.path().join(format!("node-{number}"));
        let mut config = format!(
            "server_name: node-{number}\nlisten: 127.0.0.1:{}\njetstream {{ store_dir: \"{}\" }}\n",
            node.client_port,
            store.display()
        );
        if let Some((user, password)) = self.user.and_then(|user| user.split_once(':')) {
            config += &format!("authorization {{ user: {user}, password: {password} }}\n");
        }
        if self.nodes.len() > 1 {
            let routes = self
                .nodes
                .iter()
                .map(|node| format!("nats://127.0.0.1:{}", node.cluster_port));
            config += &format!(
                "cluster {{ name: test, listen: 127.0.0.1:{}, routes: [{}] }}\n",
                node.cluster_port,
                routes.collect::<Vec<_>>().join(", ")
            );
        }
        config
    }
}

impl Drop for Nats {
    #[allow(clippy::print_stderr, reason = "a test that fails says where to look")]
    fn drop(&mut self) {
        for node in &mut self.nodes {
            if let Some(mut child) = node.child.take() {
                let _ = child.kill();
                let _ = child.wait();
            }
        }
        if std::thread::panicking() {
            self.dir.disable_cleanup(true);
            eprintln!("what servers and relays said is in {}", self.dir.path().display());
        }
    }
}

/// Debian puts it where only administrators look.
fn program() -> &'static str {
    if Path::new("/usr/sbin/nats-server").exists() {
        "/usr/sbin/nats-server"
    } else {
        "nats-server"
    }
}
