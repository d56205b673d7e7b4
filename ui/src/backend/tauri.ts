import { invoke } from "@tauri-apps/api/core";
import { listen, TauriEvent } from "@tauri-apps/api/event";

import type { Backend, FileView, Settings, VaultStatus } from "./backend";
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
  fileAt: (path) => invoke<FileView>("file_at", { path }),
  async dropped(listener) {
    const endings = await Promise.all([
      listen(TauriEvent.DRAG_ENTER, () => listener({ kind: "over" })),
      listen(TauriEvent.DRAG_LEAVE, () => listener({ kind: "away" })),
      listen<{ paths: string[] }>(TauriEvent.DRAG_DROP, ({ payload: { paths } }) =>
        listener({ kind: "dropped", paths }),
      ),
    ]);
    return () => endings.forEach((end) => end());
  },
};
