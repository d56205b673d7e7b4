//! The desktop window, driven through WebDriver on a display without a screen: `tauri-driver` over WebKit's driver.

use crate::process::Process;
use crate::relay::free_port;
use crate::{Failure, Result};
use serde_json::{Value, json};
use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::path::Path;
use std::time::{Duration, Instant};

/// How long one exchange with the driver may take.
const EXCHANGE: Duration = Duration::from_secs(60);
/// How long the driver may take to listen.
const START: Duration = Duration::from_secs(20);
/// How often a page is looked at.
const LOOK: Duration = Duration::from_millis(200);

/// Draws two seconds of nothing anybody sees.
const STIR: &str = "let frame = 0; const draw = () => { frame += 1; \
    document.body.style.outline = frame < 120 ? `1px solid rgb(0 0 0 / ${(frame % 2) * 0.004})` : ''; \
    if (frame < 120) requestAnimationFrame(draw); }; draw();";

/// A display without a screen.
#[derive(Debug)]
pub struct Display {
    _process: Process,
    name: String,
}

impl Display {
    /// Starts one, under a number that is free.
    ///
    /// # Errors
    /// [`Failure::Failed`] if Xvfb does not start.
    pub fn start(logs: &Path) -> Result<Self> {
        let args = [
            "-displayfd",
            "1",
            "-screen",
            "0",
            "1280x860x24",
            "-nolisten",
            "tcp",
        ];
        let mut process = Process::start("xvfb", Path::new("Xvfb"), &args, logs)?;
        let stdout = process
            .take_stdout()
            .ok_or_else(|| Failure::failed("Xvfb has no output"))?;
        let mut number = String::new();
        BufReader::new(stdout).read_line(&mut number)?;
        if number.trim().is_empty() {
            return Err(process.failure("gives no display"));
        }
        Ok(Self {
            name: format!(":{}", number.trim()),
            _process: process,
        })
    }

    /// Its name, for `DISPLAY`.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }
}

/// An open window.
#[derive(Debug)]
pub struct Window {
    driver: Process,
    port: u16,
    session: String,
}

impl Window {
    /// Opens the program's window on `display`.
    ///
    /// # Errors
    /// [`Failure::Failed`] if the driver or the program does not start.
    pub fn open(program: &Path, args: &[String], display: &Display, logs: &Path) -> Result<Self> {
        let (port, native) = (free_port()?, free_port()?);
        let driver_args = [
            format!("DISPLAY={}", display.name()),
            "GDK_BACKEND=x11".to_owned(),
            // Software rendering: there is no graphics device behind the display.
            "WEBKIT_DISABLE_DMABUF_RENDERER=1".to_owned(),
            "tauri-driver".to_owned(),
            format!("--port={port}"),
            format!("--native-port={native}"),
        ];
        let driver = Process::start("tauri-driver", Path::new("env"), &driver_args, logs)?;
        let ends = Instant::now() + START;
        while TcpStream::connect(("127.0.0.1", port)).is_err() {
            if Instant::now() >= ends {
                return Err(driver.failure("does not listen"));
            }
            std::thread::sleep(LOOK);
        }
        let options = json!({ "application": program, "args": args });
        let body = json!({ "capabilities": { "alwaysMatch": { "tauri:options": options } } });
        let opened = exchange(port, "POST", "/session", Some(&body));
        let opened = opened.map_err(|error| driver.failure(&format!("opens no window ({error})")))?;
        let session = opened.get("sessionId").and_then(Value::as_str).map(str::to_owned);
        let session = session.ok_or_else(|| driver.failure("gave no session"))?;
        Ok(Self {
            driver,
            port,
            session,
        })
    }

    /// Waits until the page shows `text` somewhere.
    ///
    /// # Errors
    /// [`Failure::Failed`] with what the page shows, if `deadline` passes before.
    pub fn wait_for_text(&self, text: &str, deadline: Instant) -> Result<()> {
        loop {
            let script = json!({ "script": "return document.body.innerText", "args": [] });
            let shown = self.call("POST", "execute/sync", Some(&script))?;
            let shown = shown.as_str().unwrap_or_default();
            if shown.contains(text) {
                return Ok(());
            }
            if Instant::now() >= deadline {
                return Err(self.driver.failure(&format!("shows no {text:?} but {shown:?}")));
            }
            std::thread::sleep(LOOK);
        }
    }

    /// Writes a picture of the page as PNG.
    ///
    /// # Errors
    /// [`Failure::Failed`] if the driver gives none or the file cannot be written.
    pub fn screenshot(&self, path: &Path) -> Result<()> {
        // A picture is taken of the next frame, and a page at rest draws none: it is given something to draw.
        let stir = json!({ "script": STIR, "args": [] });
        self.call("POST", "execute/sync", Some(&stir))?;
        let picture = self.call("GET", "screenshot", None)?;
        let png = decode_base64(picture.as_str().unwrap_or_default());
        if png.is_empty() {
            return Err(self.driver.failure("gave no picture"));
        }
        Ok(fs::write(path, png)?)
    }

    /// Closes it.
    ///
    /// # Errors
    /// [`Failure::Failed`] if the driver does not close it.
    pub fn close(mut self) -> Result<()> {
        self.end()
    }

    /// Ends the session, which ends the program, and then the driver, which ends WebKit's.
    fn end(&mut self) -> Result<()> {
        if self.session.is_empty() {
            return Ok(());
        }
        let session = std::mem::take(&mut self.session);
        let closed = exchange(self.port, "DELETE", &format!("/session/{session}"), None);
        self.driver.stop(START)?;
        closed.map(|_| ())
    }

    fn call(&self, method: &str, command: &str, body: Option<&Value>) -> Result<Value> {
        exchange(
            self.port,
            method,
            &format!("/session/{}/{command}", self.session),
            body,
        )
    }
}

impl Drop for Window {
    fn drop(&mut self) {
        // Whoever drops an open window has something worse to report.
        let _ = self.end();
    }
}

/// One WebDriver command; answers its `value`.
fn exchange(port: u16, method: &str, path: &str, body: Option<&Value>) -> Result<Value> {
    let body = body.map(Value::to_string).unwrap_or_default();
    let mut stream = TcpStream::connect(("127.0.0.1", port))?;
    stream.set_read_timeout(Some(EXCHANGE))?;
    write!(
        stream,
        "{method} {path} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nContent-Type: application/json\r\n\
         Content-Length: {}\r\nConnection: close\r\n\r\n{body}",
        body.len()
    )?;
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer)?;
    let answer = String::from_utf8_lossy(&answer);
    let (head, content) = answer
        .split_once("\r\n\r\n")
        .ok_or_else(|| Failure::failed("the driver answers no HTTP"))?;
    let chunked = head.to_ascii_lowercase().contains("transfer-encoding: chunked");
    let content = if chunked {
        join_chunks(content)
    } else {
        content.to_owned()
    };
    let answer: Value = serde_json::from_str(&content)?;
    let value = answer.get("value").cloned().unwrap_or_default();
    match value.get("error") {
        Some(error) => Err(Failure::failed(format!(
            "{error}: {}",
            value.get("message").unwrap_or(&Value::Null)
        ))),
        None => Ok(value),
    }
}

fn join_chunks(mut rest: &str) -> String {
    let mut content = String::new();
    while let Some((size, after)) = rest.split_once("\r\n") {
        let size = usize::from_str_radix(size.trim(), 16).unwrap_or(0);
        let Some(chunk) = after.get(..size).filter(|chunk| !chunk.is_empty()) else {
            break;
        };
        content.push_str(chunk);
        rest = after.get(size..).unwrap_or_default().trim_start_matches("\r\n");
    }
    content
}

/// RFC 4648 base64; characters outside its alphabet are skipped.
fn decode_base64(text: &str) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(text.len() / 4 * 3);
    let (mut bits, mut count) = (0_u32, 0);
    for c in text.bytes() {
        let value = match c {
            b'A'..=b'Z' => c - b'A',
            b'a'..=b'z' => c - b'a' + 26,
            b'0'..=b'9' => c - b'0' + 52,
            b'+' => 62,
            b'/' => 63,
            _ => continue,
        };
        bits = (bits << 6) | u32::from(value);
        count += 6;
        if count >= 8 {
            count -= 8;
            bytes.extend((bits >> count).to_be_bytes().last());
            bits &= (1 << count) - 1;
        }
    }
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn decodes_the_vectors_of_rfc_4648() {
        for (text, bytes) in [("", ""), ("Zg==", "f"), ("Zm8=", "fo"), ("Zm9vYmFy", "foobar")] {
            assert_eq!(decode_base64(text), bytes.as_bytes());
        }
    }

    #[test]
    fn joins_chunks() {
        assert_eq!(join_chunks("3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n"), "abcde");
    }
}
