// Marks within words, read as the program reads them, for words that are made up. The grammar is in
// docs/spec/messaging.md, "Marks within words".

import type { RunStyle, RunView } from "./types";

const STYLES: Record<string, RunStyle> = { "*": "bold", _: "italic", "~": "strike", "`": "code" };
const WORD = /[\p{Alphabetic}\p{N}]/u;

export function runs(text: string): RunView[] {
  const all: RunView[] = [];
  const lines = text.split("\n");
  for (const [index, line] of lines.entries()) {
    const quote = line.startsWith("> ");
    const styles: RunStyle[] = quote ? ["quote"] : [];
    inside(quote ? line.slice(2) : line, styles, all);
    if (index < lines.length - 1) push(all, "\n", styles);
  }
  return all;
}

function push(all: RunView[], text: string, styles: RunStyle[], seat: number | null = null): void {
  const last = all.at(-1);
  if (text === "") return;
  if (last && seat === null && last.seat === null && String(last.styles) === String(styles))
    last.text += text;
  else all.push({ text, styles, seat });
}

function inside(words: string, styles: RunStyle[], all: RunView[]): void {
  let plain = 0;
  for (let at = 0; at < words.length; at += 1) {
    const mention = /^@\{([1-9]\d{0,9})\}/.exec(words.slice(at));
    if (mention?.[1]) {
      push(all, words.slice(plain, at), styles);
      push(all, mention[0], styles, Number(mention[1]));
      plain = at + mention[0].length;
      at = plain - 1;
      continue;
    }
    const style = STYLES[words[at] ?? ""];
    const close = style && !styles.includes(style) ? closing(words, at) : -1;
    if (!style || close < 0) continue;
    push(all, words.slice(plain, at), styles);
    const within = words.slice(at + 1, close);
    if (style === "code") push(all, within, [...styles, style]);
    else inside(within, [...styles, style], all);
    plain = close + 1;
    at = close;
  }
  push(all, words.slice(plain), styles);
}

/** Where the mark that opens at `at` closes; -1 if it opens nothing. */
function closing(words: string, at: number): number {
  const mark = words[at];
  const next = words[at + 1] ?? " ";
  if (WORD.test(words[at - 1] ?? " ") || /\s/.test(next) || next === mark) return -1;
  for (let close = at + 2; close < words.length; close += 1) {
    const [before = " ", after = " "] = [words[close - 1], words[close + 1]];
    if (words[close] === mark && !/\s/.test(before) && !WORD.test(after)) return close;
  }
  return -1;
}

export function mentions(text: string): number[] {
  const seats = runs(text).flatMap((run) => run.seat ?? []);
  return [...new Set(seats)].sort((one, other) => one - other);
}
