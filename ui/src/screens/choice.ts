// A vote in words.

import type { Choice } from "../backend/types";
import { listed, t } from "../i18n/i18n.svelte";

/** What the vote says; `names` are those of the options. */
export function inWords(choice: Choice, names: string[]): string {
  if (typeof choice === "string") return t(`choice-${choice}`);
  if ("options" in choice) return listed(named(choice.options, names));
  return choice.ranking
    .map((rank) => rankInWords(rank, names))
    .reduce((before, next) => t("ranking-then", { before, next }));
}

/** The options of one rank. */
export function rankInWords(rank: number[], names: string[]): string {
  const options = listed(named(rank, names));
  return rank.length > 1 ? t("ranking-equal", { options }) : options;
}

export function named(options: number[], names: string[]): string[] {
  return options.map((option) => names[option] ?? String(option + 1));
}
