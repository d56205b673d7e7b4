// Every string the page shows comes from a Fluent catalogue, in the language chosen.

import { FluentBundle, FluentResource, type FluentVariable } from "@fluent/bundle";

import type { Language } from "../backend/backend";
import en from "./en.ftl?raw";
import ru from "./ru.ftl?raw";

const CATALOGUES: Record<Language, FluentBundle> = { ru: bundle("ru", ru), en: bundle("en", en) };

function bundle(language: Language, text: string): FluentBundle {
  const made = new FluentBundle(language, { useIsolating: false });
  made.addResource(new FluentResource(text));
  return made;
}

/** Days stand before months in both languages, and no comma before the last of a list. */
const LOCALES: Record<Language, string> = { ru: "ru", en: "en-GB" };

let chosen = $state<Language>(preferred());

function preferred(): Language {
  return navigator.languages.some((tag) => tag.toLowerCase().startsWith("ru")) ? "ru" : "en";
}

export function language(): Language {
  return chosen;
}

export function speak(next: Language | null): void {
  chosen = next ?? preferred();
  document.documentElement.lang = chosen;
}

/** The string of `key`; the key itself where a catalogue lacks it, which a test does not let happen. */
export function t(key: string, variables: Record<string, FluentVariable> = {}): string {
  const catalogue = CATALOGUES[chosen];
  const message = catalogue.getMessage(key);
  if (!message?.value) return key;
  return catalogue.formatPattern(message.value, variables);
}

/** The catalogue's key of an enum's value. */
export function key(prefix: string, value: string): string {
  return `${prefix}-${value.replaceAll("_", "-")}`;
}

/** A moment, as short as it can be without being ambiguous: `14:30` today, else with the date. */
export function moment(time: number, now: number = Date.now()): string {
  const date = new Date(time);
  const today = new Date(now);
  if (date.toDateString() === today.toDateString()) return clock(time, Math.abs(time - now) < 120_000);
  const year = date.getFullYear() === today.getFullYear() ? undefined : "numeric";
  return new Intl.DateTimeFormat(LOCALES[chosen], {
    day: "numeric",
    month: "long",
    year,
    hour: "2-digit",
    minute: "2-digit",
    hour12: false,
  }).format(date);
}

/** Hours and minutes, with seconds where they matter. */
export function clock(time: number, seconds = false): string {
  return new Intl.DateTimeFormat(LOCALES[chosen], {
    hour: "2-digit",
    minute: "2-digit",
    second: seconds ? "2-digit" : undefined,
    hour12: false,
  }).format(new Date(time));
}

/** A day: `22 November`, with the year where it is another one. */
export function day(time: number, now: number = Date.now()): string {
  const date = new Date(time);
  const year = date.getFullYear() === new Date(now).getFullYear() ? undefined : "numeric";
  return new Intl.DateTimeFormat(LOCALES[chosen], { day: "numeric", month: "long", year }).format(date);
}

const UNITS = [
  ["days", 86_400_000],
  ["hours", 3_600_000],
  ["minutes", 60_000],
  ["seconds", 1_000],
] as const;

/** A span in its two greatest units: `2 days 4 hours`. */
export function span(ms: number): string {
  let rest = Math.max(0, Math.round(ms / 1000) * 1000);
  const words: string[] = [];
  for (const [unit, length] of UNITS) {
    const count = Math.floor(rest / length);
    rest -= count * length;
    if (count > 0 && words.length < 2) words.push(t(`span-${unit}`, { count }));
    else if (words.length > 0) break;
  }
  return words.length > 0 ? words.join(" ") : t("span-seconds", { count: 0 });
}

/** A span in its greatest unit, so that it seldom changes: `3 days`. */
export function about(ms: number): string {
  const [unit, length] = UNITS.find(([, length]) => ms >= length) ??
    UNITS[UNITS.length - 1] ?? ["seconds", 1_000];
  return t(`span-${unit}`, { count: Math.max(0, Math.floor(ms / length)) });
}

/** Bytes, in the unit a person reads. */
export function size(bytes: number): string {
  if (bytes < 1024) return t("size-bytes", { count: bytes });
  const kilo = bytes / 1024;
  if (kilo < 1024) return t("size-kilobytes", { count: Math.round(kilo) });
  return t("size-megabytes", { count: Math.round((kilo / 1024) * 10) / 10 });
}

/** Votes given in hundred-thousandths of one, without zeros at the end. */
export function votes(units: number): string {
  return new Intl.NumberFormat(LOCALES[chosen], { maximumFractionDigits: 5 }).format(units / 100_000);
}

/** `A, B and C`. */
export function listed(words: string[]): string {
  return new Intl.ListFormat(LOCALES[chosen], { type: "conjunction" }).format(words);
}
