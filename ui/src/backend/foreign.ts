// Words of others cannot draw on the screen: whatever comes through the door is made visible and kept to itself.
//
// Directional overrides can turn "for" into something else, invisible characters make two names look the same, and
// piles of accents paint over the neighbouring lines. Unicode's own advice: UTR 36 and UAX 9, section 5.

/** Stands where a character was that has no business in words. */
export const STRANGE = "\uFFFD";

const FIRST_STRONG_ISOLATE = "\u2068";
const POP_ISOLATE = "\u2069";

/** The flags of England, Scotland and Wales: a black flag, and letters that nobody sees, closed by a mark. No other
    letters of that kind have a picture. */
const FLAGS =
  "\\u{1F3F4}\\u{E0067}\\u{E0062}" +
  "(?:\\u{E0065}\\u{E006E}\\u{E0067}|\\u{E0073}\\u{E0063}\\u{E0074}|\\u{E0077}\\u{E006C}\\u{E0073})\\u{E007F}";
/** Controls but tab and line feed, directional controls, what has no width, fillers, tags, and halves of pairs. */
const CONTROLS = new RegExp(
  `(${FLAGS})|` +
    "[\\u0000-\\u0008\\u000B-\\u001F\\u007F-\\u009F\\u00AD\\u034F\\u061C\\u115F\\u1160\\u17B4\\u17B5\\u180E" +
    "\\u200B\\u200E\\u200F\\u2028-\\u202E\\u2060-\\u206F\\u2800\\u3164\\uFEFF\\uFFA0\\uFFF9-\\uFFFB\\p{Cs}" +
    "\\u{E0000}-\\u{E0FFF}]",
  "gu",
);
/** Joiners belong to pictures and to scripts whose letters join; elsewhere nobody sees them. */
const LOOSE_JOINERS = new RegExp(
  "(?<![\\p{Extended_Pictographic}\\p{Emoji_Modifier}\\uFE0F\\p{Script=Arabic}\\p{Script=Syriac}\\p{Script=Mongolian}" +
    "\\p{Script=Devanagari}\\p{Script=Bengali}\\p{Script=Malayalam}\\p{Script=Sinhala}\\p{Script=Kannada}])[\\u200C\\u200D]",
  "gu",
);
const MARKS_MAX = 4;
const PILES = new RegExp(`(\\p{Mn}{${MARKS_MAX}})\\p{Mn}+`, "gu");
/** Letters that are written from right to left. */
const RIGHT_TO_LEFT = /[\u0590-\u08FF\uFB1D-\uFDFF\uFE70-\uFEFC\u{10800}-\u{10FFF}\u{1E800}-\u{1EFFF}]/u;
const PLAIN = /^[\n\t -~\u0400-\u045F]*$/;

/** One text of somebody else's, as it may be shown. */
export function foreign(text: string): string {
  if (PLAIN.test(text)) return text;
  const seen = text
    .replace(/\r\n?/g, "\n")
    .replace(CONTROLS, (_, flag?: string) => flag ?? STRANGE)
    .replace(LOOSE_JOINERS, STRANGE)
    .replace(PILES, "$1");
  if (!RIGHT_TO_LEFT.test(seen)) return seen;
  // Every line is a paragraph of its own to the algorithm; none of them reorders what stands around it.
  return seen
    .split("\n")
    .map((line) => (RIGHT_TO_LEFT.test(line) ? FIRST_STRONG_ISOLATE + line + POP_ISOLATE : line))
    .join("\n");
}

/** The same for every text inside a value. */
export function foreignWithin<Value>(value: Value): Value {
  if (typeof value === "string") return foreign(value) as Value;
  if (Array.isArray(value)) return value.map(foreignWithin) as Value;
  if (typeof value === "object" && value !== null) {
    return Object.fromEntries(
      Object.entries(value).map(([name, inner]) => [name, foreignWithin(inner)]),
    ) as Value;
  }
  return value;
}
