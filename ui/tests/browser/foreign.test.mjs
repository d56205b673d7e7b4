// Words of others cannot draw on the screen.

import assert from "node:assert/strict";
import { test } from "node:test";

import { options, staged } from "./stage.mjs";

let foreign, foreignWithin, look, doubles;
const stage = staged(async (stage) => {
  ({ foreign, foreignWithin } = await stage.module("/src/backend/foreign.ts"));
  ({ look, doubles } = await stage.module("/src/state/names.ts"));
});

test("directional controls are seen instead of obeyed", options, () => {
  for (const control of "\u202A\u202B\u202D\u202E\u202C\u2066\u2067\u2068\u2069\u200E\u200F\u061C") {
    assert.equal(foreign(`a${control}b`), "a\uFFFDb");
  }
});

test("what nobody sees is seen", options, () => {
  for (const hidden of [
    "\u200B",
    "\u00AD",
    "\u2060",
    "\uFEFF",
    "\u3164",
    "\u{E0041}",
    "\u0000",
    "\u0007",
    "\u2028",
  ]) {
    assert.equal(foreign(`Анна${hidden}`), "Анна\uFFFD");
  }
});

test("joiners stay where they join and are seen elsewhere", options, () => {
  assert.equal(foreign("👩\u200D💻"), "👩\u200D💻");
  assert.equal(foreign("\u0645\u06CC\u200C\u062E"), "\u2068\u0645\u06CC\u200C\u062E\u2069");
  assert.equal(foreign("Ан\u200Dна"), "Ан\uFFFDна");
});

test("flags of tag letters stay flags, and the same letters elsewhere are seen", options, () => {
  const tags = (letters) =>
    [...letters].map((letter) => String.fromCodePoint(0xe0000 + letter.codePointAt(0))).join("");
  for (const land of ["gbeng", "gbsct", "gbwls"]) {
    const flag = `🏴${tags(land)}\u{E007F}`;
    assert.equal(foreign(`за ${flag}!`), `за ${flag}!`);
  }
  assert.doesNotMatch(foreign(`🏴${tags("hidden")}\u{E007F}`), /[\u{E0000}-\u{E007F}]/u);
  assert.doesNotMatch(foreign(`🏴${tags("gbeng")}`), /[\u{E0000}-\u{E007F}]/u, "it is not closed");
  assert.doesNotMatch(foreign(`Анна${tags("gbeng")}\u{E007F}`), /[\u{E0000}-\u{E007F}]/u);
});

test("plain words, tabs and lines stay as they are", options, () => {
  const plain = "Коллеги, «призываем»: ё, Ә, ғ — 12 %\n\tдальше";
  assert.equal(foreign(plain), plain);
  assert.equal(foreign("a\r\nb"), "a\nb");
});

test("piles of accents stay within a line", options, () => {
  assert.equal(foreign(`e${"\u0301".repeat(50)}`), `e${"\u0301".repeat(4)}`);
  assert.equal(foreign("Й й и\u0306"), "Й й и\u0306");
});

test("words from right to left reorder nothing around them, line by line", options, () => {
  assert.equal(foreign("\u05D0\u05D1\nдва"), "\u2068\u05D0\u05D1\u2069\nдва");
});

test("every text within an answer goes the same way, ids and numbers unharmed", options, () => {
  const answer = { answer: "members", members: [{ seat: 3, name: "A\u202EB", own: null, id: "77aa" }] };
  assert.deepEqual(foreignWithin(answer), {
    answer: "members",
    members: [{ seat: 3, name: "A\uFFFDB", own: null, id: "77aa" }],
  });
});

test("names that look the same are known to", options, () => {
  assert.equal(look("Анна Петрова"), look("Aннa Пeтpовa"));
  assert.equal(look("Анна Петрова"), look("Анна  ПЕТРОВА (вы)"));
  assert.notEqual(look("Анна Петрова"), look("Анна Перова"));
  assert.deepEqual([...doubles(["Анна", "Aннa", "Ольга"])], [look("Анна")]);
});

test("no control of theirs reaches the page", options, async () => {
  for (const route of ["/conversations/a1b2c3d4e5f60718", "/members/admissions", "/motions"]) {
    await stage.scene("member&words=hostile");
    await stage.go(route);
    await stage.see(route === "/motions" ? "motion-row" : "rail-members");
    await new Promise((resolve) => setTimeout(resolve, 300));
    const words = await stage.page.evaluate(() => document.body.innerText);
    assert.match(words, /\uFFFD/, route);
    assert.doesNotMatch(words, /[\u202A-\u202E\u200B\u0007]/, route);
    assert.equal(await stage.page.evaluate(() => document.documentElement.scrollWidth > innerWidth), false);
  }
});

test("somebody who asks in under a member's name is pointed out", options, async () => {
  await stage.scene("member&words=hostile");
  await stage.go("/members/admissions");
  assert.match(await stage.text("lookalike"), /похоже на имя участника: Анна Петрова/);
});
