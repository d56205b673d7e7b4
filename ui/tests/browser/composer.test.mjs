// Writing: answers, other words, names, drafts; and that nothing typed is lost.

import assert from "node:assert/strict";
import { test } from "node:test";

import { options, staged } from "./stage.mjs";
import { Talk } from "./talk.mjs";

const stage = staged();
const talk = new Talk(stage);

const draft = () => stage.page.evaluate(() => globalThis.fakeTalk.view(8).draft);

test("an answer is written under what it answers, and can be given up", options, async () => {
  await talk.open("talk=rich");
  await talk.act("Связь плохая", "answer");
  assert.match(await stage.text("composer-banner"), /Ответ: Лесной\s+Связь плохая/);
  assert.equal(await stage.focused(), "composer");
  await stage.page.keyboard.type("Держитесь");
  await stage.press("Escape");
  await stage.gone("composer-banner");
  assert.equal(await talk.value(), "Держитесь", "the words stay");
  await talk.act("Связь плохая", "answer");
  await stage.press("Enter");
  await stage.gone("composer-banner");
  await talk.until(async () => (await talk.newest()).reply !== null);
  const answer = await talk.within("Держитесь", '[data-testid="quotation"]');
  assert.match(answer[0], /Лесной\s+Связь плохая/);
});

test("the last words of one's own are changed by an arrow in an empty field", options, async () => {
  await talk.open("talk=rich");
  await stage.click("composer");
  await stage.press("ArrowUp");
  assert.match(await stage.text("composer-banner"), /Меняем сообщение/);
  assert.equal(await talk.value(), "И ещё одно, пока без связи.");
  await stage.page.keyboard.type(" Уже на связи.");
  await stage.press("Enter");
  await stage.gone("composer-banner");
  assert.equal(await talk.value(), "");
  await talk.until(async () => (await stage.text("messages")).includes("без связи. Уже на связи."));
  await talk.until(async () => (await talk.within("Уже на связи", '[data-testid="edited"]')).length === 1);
});

test("an arrow in a field with words moves the caret and changes nothing", options, async () => {
  await talk.open("talk=rich");
  await talk.write("слово");
  await stage.press("ArrowUp");
  assert.equal(await stage.page.$('[data-testid="composer-banner"]'), null);
});

test("an edit that is given up gives back what was being written", options, async () => {
  await talk.open("talk=rich");
  await talk.write("начатое");
  await talk.act("Тогда до завтра", "message-menu");
  await stage.click("menu-edit");
  assert.match(await talk.value(), /^Тогда до завтра/);
  await stage.press("Escape");
  assert.equal(await talk.value(), "начатое");
});

test("a refused edit stays in the field, and why is said above it", options, async () => {
  await talk.open("talk=rich&refuse=edit&code=not_allowed");
  await stage.click("composer");
  await stage.press("ArrowUp");
  await stage.page.keyboard.type(" И вот ещё.");
  await stage.press("Enter");
  assert.match(await stage.text("refusal"), /в течение суток и не больше 16 раз/);
  assert.match(await talk.value(), /И вот ещё\.$/);
  await stage.see("composer-banner");
});

test("words that could not be sent stay in the field", options, async () => {
  await talk.open("refuse=send&code=store_failed");
  await talk.write("Важные слова");
  await stage.press("Enter");
  assert.match(await stage.text("refusal"), /кончилось место/);
  assert.equal(await talk.value(), "Важные слова");
  await stage.click("refusal-close");
  assert.equal(await stage.focused(), "composer");
});

test("a name is offered after an @, taken with a key, and sent as a mark", options, async () => {
  await talk.open("");
  await talk.write("Спасибо, @мар");
  await stage.see("mentions");
  assert.match((await stage.texts("mention")).join(), /^Мария Корнеева место 3,Проф\. Хелен Марш место 8$/);
  const active = await stage.page.$eval('[data-testid="composer"]', (field) =>
    document.getElementById(field.getAttribute("aria-activedescendant"))?.innerText.trim(),
  );
  assert.match(active, /Мария Корнеева/);
  await stage.press("Enter");
  await stage.gone("mentions");
  assert.equal(await talk.value(), "Спасибо, @Мария Корнеева ");
  await stage.page.keyboard.type("и @Хел");
  await stage.see("mentions");
  await stage.press("Tab");
  await stage.press("Enter");
  await talk.until(async () => (await talk.value()) === "");
  assert.equal((await talk.newest()).content.text, "Спасибо, @{3} и @{8}");
  await talk.until(async () =>
    (await stage.text("messages")).includes("Спасибо, @Мария Корнеева и @Проф. Хелен Марш"),
  );
});

test(
  "the list of names is left with Escape, and who is detained or oneself is not in it",
  options,
  async () => {
    await talk.open("");
    await talk.write("@");
    await stage.see("mentions");
    const names = (await stage.texts("mention")).join();
    assert.doesNotMatch(names, /Анна Петрова|Айдар/);
    await stage.press("Escape");
    await stage.gone("mentions");
    assert.equal(await talk.value(), "@");
  },
);

test("names come back when words with marks are changed", options, async () => {
  await talk.open("");
  await talk.write("Пусть @Тим");
  await stage.see("mentions");
  await stage.press("Enter");
  await stage.page.keyboard.type("посмотрит");
  await stage.press("Enter");
  await talk.until(async () => (await talk.newest()).own && (await talk.value()) === "");
  await talk.until(async () => (await stage.text("messages")).includes("посмотрит"));
  await stage.press("ArrowUp");
  assert.equal(await talk.value(), "Пусть @Тимур Ахметов посмотрит");
});

test("marks are put around what is selected", options, async () => {
  await talk.open("");
  await talk.write("очень важно");
  for (let letter = 0; letter < 5; letter += 1) await stage.hold("Shift", "ArrowLeft");
  await stage.hold("Control", "b");
  assert.equal(await talk.value(), "очень *важно*");
  await stage.hold("Control", "b");
  assert.equal(await talk.value(), "очень важно");
});

test("a draft is kept after a while, and is there again when one comes back", options, async () => {
  await talk.open("talk=rich");
  await talk.act("Связь плохая", "answer");
  await stage.page.keyboard.type("Начну, @Тим");
  await stage.press("Enter");
  await talk.until(async () => (await draft())?.text.startsWith("Начну, @{2}"));
  assert.ok((await draft()).reply_to);
  await stage.go("/motions");
  await stage.gone("composer");
  await stage.go("/conversations/a1b2c3d4e5f60718");
  await stage.see("composer");
  assert.equal(await talk.value(), "Начну, @Тимур Ахметов ");
  assert.match(await stage.text("composer-banner"), /Лесной/);
});

test("a draft of the vault is taken up with names, and goes when it is sent", options, async () => {
  await talk.open(`draft=${encodeURIComponent("Прошу @{6} ответить")}`);
  await talk.until(async () => (await talk.value()) !== "");
  assert.equal(await talk.value(), "Прошу @Ольга Вейс ответить");
  await stage.click("composer");
  await stage.press("Enter");
  await talk.until(async () => (await talk.newest()).content.text === "Прошу @{6} ответить");
  await talk.until(async () => (await draft()) === null);
  assert.equal(await talk.value(), "");
});

test("a draft that is emptied is none", options, async () => {
  await talk.open("draft=abc");
  await talk.until(async () => (await talk.value()) === "abc");
  await stage.click("composer");
  await stage.press("End", "Backspace", "Backspace", "Backspace");
  await talk.until(async () => (await draft()) === null);
});

test("the list says that there is a draft", options, async () => {
  await talk.open("draft=abc", { width: 400 });
  await stage.go("/conversations");
  await talk.until(async () => (await stage.text("conversation-plenary")).includes("Черновик: abc"));
});

test("the vault is locked with the draft in it", options, async () => {
  await talk.open("");
  await talk.write("не успел");
  await stage.hold("Control", "l");
  await stage.see("unlock");
  assert.equal((await draft()).text, "не успел");
});

test("a new line is one line more and sends nothing", options, async () => {
  await talk.open("");
  await talk.write("раз");
  await stage.hold("Shift", "Enter");
  await stage.page.keyboard.type("два");
  assert.equal(await talk.value(), "раз\nдва");
});

test("what is offered and what is answered stumbles nobody", options, async () => {
  await talk.open("talk=rich");
  await talk.act("Связь плохая", "answer");
  await stage.page.keyboard.type("@");
  await stage.see("mentions");
  assert.deepEqual(await stage.stumbles(), []);
});

test("nothing failed on the page meanwhile", options, () => assert.deepEqual(stage.faults, []));
