import { backend, type Settings, type TextSize, type Theme } from "../backend/backend";
import { speak } from "../i18n/i18n.svelte";

let current = $state<Settings>({ language: null, theme: "system", text_size: "normal" });
const SIZES: TextSize[] = ["normal", "large", "largest"];
const dark = window.matchMedia("(prefers-color-scheme: dark)");
dark.addEventListener("change", () => paint(current.theme));

export function settings(): Settings {
  return current;
}

export async function loadSettings(): Promise<void> {
  current = await backend().getSettings();
  speak(current.language);
  paint(current.theme);
  enlarge(current.text_size);
}

/** Takes effect at once; a file that cannot be written must not keep anybody from reading. */
export async function changeSettings(change: Partial<Settings>): Promise<void> {
  current = { ...current, ...change };
  speak(current.language);
  paint(current.theme);
  enlarge(current.text_size);
  await backend()
    .setSettings(current)
    .catch(() => undefined);
}

function paint(theme: Theme): void {
  const shown = theme === "system" ? (dark.matches ? "dark" : "light") : theme;
  document.documentElement.dataset.theme = shown;
}

function enlarge(size: TextSize): void {
  document.documentElement.dataset.text = size;
}

/** Ctrl + and Ctrl −, as everywhere; Ctrl 0 for the size one began with. True if it was one of them. */
export function sizeKey(event: KeyboardEvent): boolean {
  if (!(event.ctrlKey || event.metaKey) || event.altKey) return false;
  const at = SIZES.indexOf(current.text_size);
  const next = ["+", "="].includes(event.key)
    ? at + 1
    : event.key === "-"
      ? at - 1
      : event.key === "0"
        ? 0
        : null;
  if (next === null) return false;
  event.preventDefault();
  const size = SIZES[Math.max(0, Math.min(SIZES.length - 1, next))];
  if (size && size !== current.text_size) void changeSettings({ text_size: size });
  return true;
}
