//! The desktop window on one member's vault.

use crate::agent::Vault;
use crate::narrator::Narrator;
use crate::webdriver::{Display, Window};
use crate::workspace::Binaries;
use crate::{Result, command};
use std::io::IsTerminal;
use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

/// What the window shows of the assembly, once it has opened the vault.
const SHOWN: &str = "Собрание депутатов";
/// How long the window may take to show it.
const PATIENCE: Duration = Duration::from_secs(60);

/// Opens the window: for the person at the display, or on a display without a screen with a picture of it.
pub(super) fn show(binaries: &Binaries, vault: &Vault, folder: &Path, narrator: &mut Narrator) -> Result<()> {
    let program = binaries.path("veche-desktop")?;
    let options = vault
        .options()
        .map(|option| option.to_string_lossy().into_owned());
    let somebody_looks = std::io::stdout().is_terminal()
        && (std::env::var_os("DISPLAY").is_some() || std::env::var_os("WAYLAND_DISPLAY").is_some());
    if somebody_looks {
        narrator.tell("the window is open on a member's vault; close it to go on");
        command::run_prepared(Command::new(program).args(&options))?;
        narrator.tell("the window was closed");
        return Ok(());
    }
    let logs = folder.join("logs");
    let display = Display::start(&logs)?;
    let args = [&options[..], &["--lang".to_owned(), "ru".to_owned()]].concat();
    let window = Window::open(program, &args, &display, &logs)?;
    window.wait_for_text(SHOWN, narrator.deadline.min(Instant::now() + PATIENCE))?;
    let picture = folder.join("window.png");
    window.screenshot(&picture)?;
    window.close()?;
    narrator.tell(format!(
        "the window opened on a member's vault; picture: {}",
        picture.display()
    ));
    Ok(())
}
