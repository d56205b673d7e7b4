//! An open vault with its client, as long as a command lasts.

use crate::args::{Argon2, Args};
use crate::ending::Ending;
use app::dto::{Refusal, RefusalCode, Request};
use app::{App, Config, Handle, KeyCost, VaultStatus};

/// Creates the vault that the command line names.
pub(crate) async fn create(args: &Args) -> Result<(), Ending> {
    let handle = spawn(args);
    let result = create_at(args, &handle).await;
    handle.shutdown().await;
    result?;
    if args.json {
        println!("{}", serde_json::json!({ "answer": "done" }));
    } else {
        println!("The vault stands in {}.", args.vault.display());
    }
    Ok(())
}

async fn create_at(args: &Args, handle: &Handle) -> Result<(), Ending> {
    if handle.vault_status() != VaultStatus::Absent {
        return Err(vault(
            RefusalCode::VaultExists,
            format!("there is a vault in {} already", args.vault.display()),
        ));
    }
    let source = args.passphrase();
    let passphrase = source.read("New passphrase: ")?;
    if source.asks() && source.read("The same again: ")? != passphrase {
        return Err(Ending::Usage(
            "the two passphrases differ; nothing was created".to_owned(),
        ));
    }
    handle.create_vault(passphrase).await.map_err(Ending::Vault)?;
    set_carrier(args, handle).await
}

/// Opens the vault that the command line names.
pub(crate) async fn open(args: &Args) -> Result<Handle, Ending> {
    if args.argon2.is_some() {
        return Err(Ending::Usage(
            "--argon2 is chosen when a vault is created and stays as it is".to_owned(),
        ));
    }
    let handle = spawn(args);
    match unlock(args, &handle).await {
        Ok(()) => Ok(handle),
        Err(ending) => {
            handle.shutdown().await;
            Err(ending)
        }
    }
}

async fn unlock(args: &Args, handle: &Handle) -> Result<(), Ending> {
    if handle.vault_status() == VaultStatus::Absent {
        let details = format!(
            "there is no vault in {}; `veche --vault DIR create` makes one",
            args.vault.display()
        );
        return Err(vault(RefusalCode::NoVault, details));
    }
    let passphrase = args.passphrase().read("Passphrase: ")?;
    handle.unlock(passphrase).await.map_err(Ending::Vault)?;
    set_carrier(args, handle).await
}

async fn set_carrier(args: &Args, handle: &Handle) -> Result<(), Ending> {
    if let Some(carrier) = args.carrier.clone() {
        handle
            .request(Request::SetCarrier { carrier })
            .await
            .map_err(Ending::from_refusal)?;
    }
    Ok(())
}

fn spawn(args: &Args) -> Handle {
    let key_cost = match args.argon2 {
        Some(Argon2::Light) => KeyCost::Light,
        Some(Argon2::Standard) | None => KeyCost::Standard,
    };
    App::spawn(Config {
        vault_dir: args.vault.clone(),
        key_cost,
    })
}

fn vault(code: RefusalCode, details: String) -> Ending {
    Ending::Vault(Refusal { code, details })
}
