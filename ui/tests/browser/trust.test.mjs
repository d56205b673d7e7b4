// What others have of one's words, what a group is called, safety numbers, and notices.

import assert from "node:assert/strict";
import { test } from "node:test";

import { options, staged } from "./stage.mjs";
import { Talk } from "./talk.mjs";

const stage = staged();
const talk = new Talk(stage);

/** Opens the conversation of a kind, and then what there is to say about it. */
async function about(kind, scene = "groups=some") {
  await stage.scene(`member&${scene}`);
  await stage.click(`conversation-${kind}`);
  await stage.click("about-open");
  await stage.see("about");
}
const state = async (text) =>
  (await talk.message(text)).$eval('[data-testid="message-state"]', (one) =>
    one.textContent.trim().replace(/\s+/g, " "),
  );

test("by one's own message stands how many have it, and how many read it", options, async () => {
  await talk.open("talk=rich");
  assert.match(await state("Спасибо, исправила"), /4\/7 Дошло: 6 из 7\. Прочитали: 4 из 7\./);
  assert.match(await state("Тогда до завтра"), /3\/7 Дошло: 3 из 7\.$/);
  assert.match(await state("И ещё одно"), /ждёт отправки/);
  const { id } = await talk.newest();
  await talk.fake("receipt", id, 0, 0);
  await talk.fake("hear", 2, "Готово");
  const last = await talk.message("Готово");
  assert.equal(await last.$('[data-testid="message-state"]'), null, "others' messages have none");
});

test("in a direct conversation words suffice", options, async () => {
  await stage.scene("member&groups=some");
  await stage.click("conversation-direct");
  await stage.see("message");
  assert.equal(await state("посмотрите смету"), "Прочитано");
});

test("that one reads is told only where one has said so", options, async () => {
  await about("group");
  const checked = () => stage.page.$eval('[data-testid="receipts-read"] input', (one) => one.checked);
  assert.equal(await checked(), false);
  await stage.click("receipts-read");
  const telling = () =>
    stage.page.evaluate(
      () => globalThis.fakeConversations.views().filter((one) => one.receipts === "read").length,
    );
  await talk.until(async () => (await telling()) === 1);
  assert.equal(await checked(), true);
});

test("a deputy renames a group, and the history says who did", options, async () => {
  await about("group");
  await stage.click("rename-open");
  await stage.see("rename-form");
  assert.equal(await stage.focused(), "rename-name");
  assert.equal(
    await stage.page.$eval('[data-testid="rename"]', (one) => one.disabled),
    true,
    "it is the old one",
  );
  await stage.hold("Control", "a");
  await stage.page.keyboard.type("Люстрация: второе чтение");
  await stage.press("Enter");
  await stage.gone("rename-form");
  await talk.until(async () => (await stage.text("about-name")) === "Люстрация: второе чтение");
  await stage.click("about-open");
  assert.match(
    await stage.text("renamed"),
    /Анна Петрова: теперь группа называется «Люстрация: второе чтение»/,
  );
  assert.equal(await stage.page.$eval("#page-title", (one) => one.innerText), "Люстрация: второе чтение");
});

test("who is no deputy does not rename, and a plenary has no name to change", options, async () => {
  await about("group", "groups=some&role=expert");
  assert.equal(await stage.page.$('[data-testid="rename-open"]'), null);
  await about("plenary");
  assert.equal(await stage.page.$('[data-testid="about-name"]'), null);
});

test("a refused name is said in words", options, async () => {
  await about("group", "groups=some&refuse=rename&code=not_allowed");
  await stage.click("rename-open");
  await stage.type("rename-name", "!");
  await stage.press("Enter");
  assert.match(await stage.text("refusal"), /только депутаты/);
});

test("a safety number is read in twelve groups, compared, and marked by the name", options, async () => {
  await stage.scene("member");
  await stage.go("/members/3");
  const digits = (await stage.text("safety-digits")).trim().split(/\s+/);
  assert.equal(digits.length, 12);
  for (const group of digits) assert.match(group, /^\d{5}$/);
  const qr = await stage.page.$eval('[data-testid="safety-qr"]', (image) => [
    image.src.slice(0, 19),
    image.naturalWidth,
  ]);
  assert.equal(qr[0], "data:image/svg+xml;");
  assert.ok(qr[1] > 0, "it is drawn");
  assert.match(await stage.text("safety-state"), /ещё не сверяли/);
  assert.equal(await stage.page.$('[data-testid="verified"]'), null);
  await stage.click("safety-mark");
  await stage.see("safety-unmark");
  assert.match(await stage.text("safety-state"), /Вы сверили код/);
  assert.equal((await stage.page.$$('[data-testid="verified"]')).length, 2, "in the list and on the page");
  assert.deepEqual(await stage.stumbles(), []);
  await stage.click("safety-unmark");
  await stage.gone("verified");
});

test("nobody compares numbers with oneself or with who is detained", options, async () => {
  for (const seat of [1, 5]) {
    await stage.scene("member");
    await stage.go(`/members/${seat}`);
    await stage.see("member");
    assert.equal(await stage.page.$('[data-testid="safety"]'), null);
  }
});

test("who was compared is known in a direct conversation", options, async () => {
  await stage.scene("member&groups=some&verified=3");
  await stage.click("conversation-direct");
  await stage.see("message");
  assert.equal((await stage.page.$$('[data-testid="verified"]')).length, 2);
});

test("notices are switched off in the settings", options, async () => {
  await stage.scene("member");
  await stage.go("/settings/notices");
  const checked = () => stage.page.$eval('[data-testid="notices"] input', (one) => one.checked);
  await stage.see("notices");
  assert.equal(await checked(), true);
  await stage.click("notices");
  await talk.until(async () => !(await checked()));
});

test("nothing failed on the page meanwhile", options, () => {
  assert.deepEqual(stage.faults, []);
});
