// The options of a motion while they are being written.

export interface DraftOption {
  /** Names the row, whatever is written in it. */
  id: number;
  text: string;
}

export type OptionFault = { fault: "empty" } | { fault: "repeated"; first: number } | { fault: "too_long" };

export const OPTION_LETTERS_MAX = 100;

/** As it is proposed: in one line, without spaces around it or twice in it. */
export function tidy(text: string): string {
  return text.replace(/[\s\p{Cc}]+/gu, " ").trim();
}

/** What is wrong with each; `first` is the row, from 0, that says the same. Empty rows are faults only once somebody
    wants to send them. */
export function optionFaults(texts: string[], sending: boolean): (OptionFault | null)[] {
  const seen = new Map<string, number>();
  return texts.map((text, index) => {
    const option = tidy(text);
    if (option === "") return sending ? { fault: "empty" } : null;
    if ([...option].length > OPTION_LETTERS_MAX) return { fault: "too_long" };
    const same = option.normalize("NFKC").toLowerCase();
    const first = seen.get(same);
    if (first !== undefined) return { fault: "repeated", first };
    seen.set(same, index);
    return null;
  });
}

const MARKS = /^\s*(?:[-–—•*·]|\d{1,3}[.)])\s+/;

/** A pasted list as options; the bullets or numbers that all of its lines have are taken off. */
export function pasted(text: string): string[] {
  const lines = text.split(/\r\n?|\n/).filter((line) => tidy(line) !== "");
  const marked = lines.length > 1 && lines.every((line) => MARKS.test(line));
  return lines.map((line) => tidy(marked ? line.replace(MARKS, "") : line));
}

/** With `row` where `to` says. */
export function moved<Row>(rows: Row[], from: number, to: number): Row[] {
  const row = rows[from];
  if (row === undefined || to < 0 || to >= rows.length) return rows;
  const others = rows.filter((_, index) => index !== from);
  return [...others.slice(0, to), row, ...others.slice(to)];
}
