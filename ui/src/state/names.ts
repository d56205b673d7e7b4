// Two members whose names look the same are told apart by their seats.

/** Letters of other alphabets that look like a Cyrillic or Latin one, as that one. */
const LOOKS: Record<string, string> = {
  а: "a",
  в: "b",
  е: "e",
  ё: "e",
  і: "i",
  ї: "i",
  ј: "j",
  к: "k",
  м: "m",
  н: "h",
  о: "o",
  р: "p",
  с: "c",
  ѕ: "s",
  т: "t",
  у: "y",
  х: "x",
  ԁ: "d",
  ԛ: "q",
  ԝ: "w",
  ь: "b",
  α: "a",
  ε: "e",
  ι: "i",
  κ: "k",
  ν: "v",
  ο: "o",
  ρ: "p",
  τ: "t",
  υ: "u",
  χ: "x",
  "0": "o",
  "1": "l",
  "3": "з",
  ı: "i",
};

/** What the eye sees of a name: equal for names that are easily taken for one another. What stands in brackets does not
    count, for the window itself puts "(you)" and seats there. */
export function look(name: string): string {
  return Array.from(
    name
      .normalize("NFKD")
      .replace(/\([^)]*\)?/g, "")
      .replace(/[^\p{L}\p{N}]/gu, "")
      .toLowerCase(),
    (letter) => LOOKS[letter] ?? letter,
  ).join("");
}

/** The looks that more than one of the names has. */
export function doubles(names: string[]): Set<string> {
  const seen = new Set<string>();
  const twice = new Set<string>();
  for (const name of names.map(look)) (seen.has(name) ? twice : seen).add(name);
  return twice;
}
