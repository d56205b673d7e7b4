import { backend, type Settings, type Theme } from "../backend/backend";
import { speak } from "../i18n/i18n.svelte";

let current = $state<Settings>({ language: null, theme: "system" });
const dark = window.matchMedia("(prefers-color-scheme: dark)");
dark.addEventListener("change", () => paint(current.theme));

export function settings(): Settings {
  return current;
}

export async function loadSettings(): Promise<void> {
  current = await backend().getSettings();
  speak(current.language);
  paint(current.theme);
}

/** Takes effect at once; a file that cannot be written must not keep anybody from reading. */
export async function changeSettings(change: Partial<Settings>): Promise<void> {
  current = { ...current, ...change };
  speak(current.language);
  paint(current.theme);
  await backend()
    .setSettings(current)
    .catch(() => undefined);
}

function paint(theme: Theme): void {
  const shown = theme === "system" ? (dark.matches ? "dark" : "light") : theme;
  document.documentElement.dataset.theme = shown;
}
