// What one writes and what is sent; how words are drawn and found; which messages are in hand.

import assert from "node:assert/strict";
import { test } from "node:test";

import { modules } from "./modules.mjs";

const [marks, runs, pages, fake] = await modules(
  "/src/state/marks.ts",
  "/src/state/runs.ts",
  "/src/state/pages.ts",
  "/src/backend/fake-marks.ts",
);
const { bare, embraced, folded, marked, meant, mentionAt, named } = marks;
const { blocks, litParts, oneLine, snippet, terms } = runs;
const { editable, firstUnread, joined, lasting } = pages;

const PEOPLE = [
  { seat: 1, label: "Анна" },
  { seat: 2, label: "Анна Петрова" },
  { seat: 3, label: "Лев Ёлкин-Гай" },
  { seat: 14, label: "Анна (место 14)" },
];

test("a mention begins with an @ that stands by itself, and ends at the caret", () => {
  assert.deepEqual(mentionAt("Спасибо, @ан", 12), { at: 9, words: "ан" });
  assert.deepEqual(mentionAt("@", 1), { at: 0, words: "" });
  assert.deepEqual(mentionAt("@анна петр дальше", 10), { at: 0, words: "анна петр" });
  assert.equal(mentionAt("почта@дом", 9), null);
  assert.equal(mentionAt("@ анна", 6), null);
  assert.equal(mentionAt("@{3", 3), null);
  assert.equal(mentionAt("@анна\nпетр", 10), null);
  assert.equal(mentionAt("слова", 5), null);
});

test("people are meant by any word of their names, whatever the case", () => {
  const seats = (words) => meant(words, PEOPLE).map(({ seat }) => seat);
  assert.deepEqual(seats(""), [1, 2, 3, 14]);
  assert.deepEqual(seats("ПЕТ"), [2]);
  assert.deepEqual(seats("елк"), [3]);
  assert.deepEqual(seats("гай"), [3]);
  assert.deepEqual(seats("анна п"), [2]);
  assert.deepEqual(seats("нна"), []);
});

test("names are sent as marks, the longest name first, and come back as names", () => {
  for (const [written, sent] of [
    ["@Анна, да", "@{1}, да"],
    ["@Анна Петрова и @Анна.", "@{2} и @{1}."],
    ["@Анна (место 14)?", "@{14}?"],
    ["(@Лев Ёлкин-Гай)", "(@{3})"],
    ["@Анна@Анна", "@{1}@{1}"],
    ["без имён *и* @никого", "без имён *и* @никого"],
  ]) {
    assert.equal(marked(written, PEOPLE), sent);
    assert.equal(named(sent, PEOPLE), written);
  }
});

test("what is part of another word is no name", () => {
  assert.equal(marked("почта@Анна", PEOPLE), "почта@Анна");
  assert.equal(marked("@Аннание", PEOPLE), "@Аннание");
  assert.equal(named("а@{1}", PEOPLE), "а@{1}");
  assert.equal(named("@{1}б", PEOPLE), "@{1}б");
});

test("seats that nobody has stay as they were written", () => {
  assert.equal(named("@{9} @{03} @{2}", PEOPLE), "@{9} @{03} @Анна Петрова");
});

test("a mark is put around what is selected, without the spaces at its ends, and taken away again", () => {
  assert.deepEqual(embraced("два слова", 4, 9, "*"), ["два *слова*", 5, 10]);
  assert.deepEqual(embraced("два *слова*", 5, 10, "*"), ["два слова", 4, 9]);
  assert.deepEqual(embraced("два слова тут", 3, 10, "_"), ["два _слова_ тут", 5, 10]);
  assert.deepEqual(embraced("", 0, 0, "`"), ["``", 1, 1]);
});

test("what keeps lines to themselves is no part of the words", () => {
  assert.equal(bare("\u2068\u05D0\u05D1\u2069\nдва"), "\u05D0\u05D1\nдва");
});

test("words are folded as the search folds them", () => {
  assert.equal(folded("Ёлка МОЙ и\u0306од Cafe\u0301"), "елка мой йод cafe");
  assert.deepEqual(terms("Ёлка, «мир»!"), ["елка", "мир"]);
  assert.deepEqual(terms("— … !"), []);
});

test("lit are whole words that begin so, and short terms find only themselves", () => {
  const lit = (text, ...looked) =>
    litParts(text, looked)
      .filter((part) => part.lit)
      .map((part) => part.text);
  assert.deepEqual(lit("Сроки и срок: пересрок", "срок"), ["Сроки", "срок"]);
  assert.deepEqual(lit("я и ярлык", "я"), ["я"]);
  assert.deepEqual(lit("ЁЛКА елочка", "елк"), ["ЁЛКА"]);
  const text = "Всё, что ни *скажи*: вместе.";
  assert.equal(
    litParts(text, ["что", "вместе"])
      .map((part) => part.text)
      .join(""),
    text,
  );
});

test("a long line is shown where it has what was looked for", () => {
  const line = `${"слово ".repeat(60)}находка ${"хвост ".repeat(60)}`;
  const shown = snippet(line, ["находка"])
    .map((part) => part.text)
    .join("");
  assert.match(shown, /^… слово .*находка хвост .*…$/);
  assert.ok(shown.length < 160);
  assert.deepEqual(snippet("коротко", ["коротко"]), [{ text: "коротко", lit: true }]);
});

test("quotations stand apart, and the ends of lines between are not drawn twice", () => {
  const made = blocks(fake.runs("до\n> раз\n> два *три*\nпосле"));
  assert.deepEqual(
    made.map(({ quote, runs }) => [quote, runs.map((run) => run.text).join("")]),
    [
      [false, "до"],
      [true, "раз\nдва три"],
      [false, "после"],
    ],
  );
  assert.deepEqual(blocks([]), []);
});

test("words in one line have names and no marks", () => {
  const line = oneLine(fake.runs("*Вот*,  @{2}:\n> `код`"), (seat) => `место ${seat}`);
  assert.equal(line, "Вот, @место 2: код");
});

const message = (position, more = {}) => ({
  id: `m${position}`,
  position,
  own: false,
  over: null,
  time: 0,
  content: { kind: "text", text: "", runs: [] },
  ...more,
});

test("pages are joined without a message twice, as the later reading has it", () => {
  const all = joined([message(1), message(2)], [message(2, { own: true }), message(3)]);
  assert.deepEqual(
    all.map(({ id, own }) => [id, own]),
    [
      ["m1", false],
      ["m2", true],
      ["m3", false],
    ],
  );
});

test("new begins at the oldest of the unread lines of others", () => {
  const talk = [
    message(0),
    message(1),
    message(2, { own: true }),
    message(3, { content: { kind: "deleted" } }),
    message(4),
  ];
  assert.equal(firstUnread(talk, 2), "m1");
  assert.equal(firstUnread(talk, 9), "m0");
  assert.equal(firstUnread(talk, 0), null);
});

test("what has disappeared is not shown, and nothing is copied while nothing has", () => {
  const talk = [message(0, { over: 100 }), message(1)];
  assert.equal(lasting(talk, 99), talk);
  assert.deepEqual(
    lasting(talk, 100).map(({ id }) => id),
    ["m1"],
  );
});

test("one's own words can be changed for a day", () => {
  const own = message(0, { own: true, time: 1_000 });
  assert.ok(editable(own, 1_000 + 86_399_999));
  assert.ok(!editable(own, 1_000 + 86_400_000));
  assert.ok(!editable(message(0, { time: 1_000 }), 1_000));
  assert.ok(!editable({ ...own, content: { kind: "deleted" } }, 1_000));
});
