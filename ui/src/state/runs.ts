// Words as they are drawn: quotations as blocks of their own, and what was looked for lit up.

import type { RunView } from "../backend/types";
import { folded } from "./marks";

export interface Block {
  quote: boolean;
  runs: RunView[];
}

/** Runs gathered into paragraphs and quotations. A line's end between the two is where they part. */
export function blocks(runs: RunView[]): Block[] {
  const made: Block[] = [];
  for (const run of runs) {
    const quote = run.styles.includes("quote");
    const last = made.at(-1);
    if (last?.quote === quote) last.runs.push(run);
    else made.push({ quote, runs: [run] });
  }
  return made.map(withoutLastEnd).filter((block) => block.runs.length > 0);
}

function withoutLastEnd(block: Block, index: number, all: Block[]): Block {
  const last = block.runs.at(-1);
  if (index === all.length - 1 || !last?.text.endsWith("\n")) return block;
  const text = last.text.slice(0, -1);
  const runs = block.runs.slice(0, -1);
  return { ...block, runs: text === "" ? runs : [...runs, { ...last, text }] };
}

/** The words of a message in one line, without marks; `nameOf` calls those who are mentioned. */
export function oneLine(runs: RunView[], nameOf: (seat: number) => string): string {
  return runs
    .map((run) => (run.seat === null ? run.text : `@${nameOf(run.seat)}`))
    .join("")
    .replace(/\s+/g, " ")
    .trim();
}

const WORDS = /[\p{Alphabetic}\p{N}\u0300-\u036f]+/gu;
/** Shorter terms find only themselves. */
const PREFIX_LETTERS = 3;

export interface Part {
  text: string;
  lit: boolean;
}

/** What is looked for, word by word. */
export function terms(search: string): string[] {
  return folded(search).match(WORDS) ?? [];
}

/** A text in parts: lit are the words that begin with one of the terms, as the search has it. */
export function litParts(text: string, looked: string[]): Part[] {
  if (looked.length === 0) return [{ text, lit: false }];
  const parts: Part[] = [];
  let rest = 0;
  for (const { 0: word, index } of text.matchAll(WORDS)) {
    const there = folded(word);
    const lit = looked.some((term) =>
      Array.from(term).length >= PREFIX_LETTERS ? there.startsWith(term) : there === term,
    );
    if (!lit) continue;
    if (index > rest) parts.push({ text: text.slice(rest, index), lit: false });
    parts.push({ text: word, lit: true });
    rest = index + word.length;
  }
  if (rest < text.length) parts.push({ text: text.slice(rest), lit: false });
  return parts;
}

const SNIPPET = 140;
const LEAD = 40;

/** The stretch of a line in which the first word looked for stands. */
export function snippet(line: string, looked: string[]): Part[] {
  const parts = litParts(line, looked);
  let at = 0;
  for (const part of parts) {
    if (part.lit) break;
    at += part.text.length;
  }
  if (line.length <= SNIPPET || at <= LEAD) return litParts(cut(line, 0), looked);
  const from = line.indexOf(" ", at - LEAD);
  return litParts(cut(line, from < 0 || from > at ? at : from + 1), looked);
}

function cut(line: string, from: number): string {
  const letters = Array.from(line.slice(from));
  const shown = letters.slice(0, SNIPPET).join("");
  return (from > 0 ? "… " : "") + shown + (letters.length > SNIPPET ? "…" : "");
}
