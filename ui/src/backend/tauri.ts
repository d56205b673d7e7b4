import { invoke } from "@tauri-apps/api/core";
import { listen } from "@tauri-apps/api/event";

import type { Backend, Settings, VaultStatus } from "./backend";
import type { Answer, Event } from "./types";

/** The window's shell. */
export const tauri: Backend = {
  vaultStatus: () => invoke<VaultStatus>("vault_status"),
  createVault: (passphrase) => invoke("create_vault", { passphrase }),
  unlock: (passphrase) => invoke("unlock", { passphrase }),
  lock: () => invoke("lock"),
  request: (request) => invoke<Answer>("request", { request }),
  subscribe: (listener) => listen<Event>("veche", ({ payload }) => listener(payload)),
  version: () => invoke<string>("version"),
  getSettings: () => invoke<Settings>("get_settings"),
  setSettings: (settings) => invoke("set_settings", { settings }),
  suggestPath: (fileName) => invoke<string>("suggest_path", { fileName }),
};
