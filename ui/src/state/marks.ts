// What stands in the composer and what is sent: names for people, marks for programs. The grammar of marks is in
// docs/spec/messaging.md, "Marks within words".

/** A member as one writes of them. */
export interface Named {
  seat: number;
  label: string;
}

const WORD = /[\p{Alphabetic}\p{N}]/u;
/** As many letters of a name are looked at after an @. */
const NAME_LETTERS = 60;

/** Small letters, ё as е, without accents: the same word however it was written. */
export function folded(text: string): string {
  return text
    .toLowerCase()
    .normalize("NFD")
    .replace(/и\u0306/g, "й")
    .replace(/[\u0300-\u036f]/g, "")
    .normalize("NFC")
    .replaceAll("ё", "е");
}

/** The mention that ends at the caret: where its @ stands, and what has been written of the name. */
export function mentionAt(text: string, caret: number): { at: number; words: string } | null {
  const at = text.lastIndexOf("@", caret - 1);
  if (at < 0 || caret - at > NAME_LETTERS || WORD.test(before(text, at))) return null;
  const words = text.slice(at + 1, caret);
  return /[\n{]/.test(words) || words.startsWith(" ") ? null : { at, words };
}

/** Those whose name, or a word of it, begins so. */
export function meant(words: string, people: Named[]): Named[] {
  const looked = folded(words);
  return people.filter(({ label }) => {
    const name = folded(label);
    return name.startsWith(looked) || name.split(/[\s-]+/).some((word) => word.startsWith(looked));
  });
}

/** The text with names as marks: `@Anna` becomes `@{1}`. */
export function marked(text: string, people: Named[]): string {
  const longestFirst = [...people].sort((one, other) => other.label.length - one.label.length);
  let written = "";
  let rest = 0;
  for (let at = text.indexOf("@"); at >= 0; at = text.indexOf("@", Math.max(rest, at + 1))) {
    if (at !== rest && WORD.test(before(text, at))) continue;
    const named = longestFirst.find(
      ({ label }) =>
        label !== "" && text.startsWith(label, at + 1) && !WORD.test(after(text, at + 1 + label.length)),
    );
    if (!named) continue;
    written += `${text.slice(rest, at)}@{${named.seat}}`;
    rest = at + 1 + named.label.length;
  }
  return written + text.slice(rest);
}

/** The text with marks of known people as names: `@{1}` becomes `@Anna`. */
export function named(text: string, people: Named[]): string {
  return text.replace(/@\{([1-9]\d{0,9})\}/g, (mark, digits: string, at: number) => {
    const label = people.find(({ seat }) => seat === Number(digits))?.label;
    const alone = !WORD.test(before(text, at)) && !WORD.test(after(text, at + mark.length));
    return label && alone ? `@${label}` : mark;
  });
}

/** Puts a mark around what is selected, or takes it away; answers the text and what is selected in it now. */
export function embraced(text: string, start: number, end: number, mark: string): [string, number, number] {
  if (text.slice(start - mark.length, start) === mark && text.slice(end, end + mark.length) === mark) {
    const bare = text.slice(0, start - mark.length) + text.slice(start, end) + text.slice(end + mark.length);
    return [bare, start - mark.length, end - mark.length];
  }
  // A mark has no white space on its inner side.
  const chosen = text.slice(start, end);
  const from = start + (chosen.length - chosen.trimStart().length);
  const to = Math.max(from, end - (chosen.length - chosen.trimEnd().length));
  return [text.slice(0, from) + mark + text.slice(from, to) + mark + text.slice(to), from + 1, to + 1];
}

/** A text that came through the door, as its author wrote it: without what keeps its lines to themselves. */
export function bare(text: string): string {
  return text.replace(/[\u2068\u2069]/g, "");
}

function before(text: string, at: number): string {
  return Array.from(text.slice(Math.max(0, at - 2), at)).at(-1) ?? "";
}

function after(text: string, at: number): string {
  return Array.from(text.slice(at, at + 2))[0] ?? "";
}
