// Messages: what they show, and what one does with them.

import assert from "node:assert/strict";
import { test } from "node:test";

import { options, staged } from "./stage.mjs";
import { Talk } from "./talk.mjs";

const stage = staged();
const talk = new Talk(stage);

test("words are drawn as they are marked, and an address is only text", options, async () => {
  await talk.open("talk=rich");
  const words = await stage.page.$eval('[data-testid="messages"]', (box) => ({
    bold: box.querySelector(".bold")?.innerText,
    italic: box.querySelector(".italic")?.innerText,
    strike: box.querySelector(".strike")?.innerText,
    code: box.querySelector("code")?.innerText,
    quote: box.querySelector("blockquote")?.innerText,
    mentions: [...box.querySelectorAll(".mention")].map((mention) => mention.innerText),
    me: box.querySelector(".me")?.innerText,
    loads: box.querySelectorAll("a, img, iframe, video, audio, link, object").length,
    text: box.innerText,
  }));
  assert.equal(words.bold, "Прошу прочитать до вечера");
  assert.equal(words.italic, "сроки");
  assert.equal(words.strike, "тридцать");
  assert.equal(words.code, "A-2026/14");
  assert.equal(words.quote, "требуем от комиссии\nнемедленно ответить");
  assert.deepEqual(words.mentions, ["@Анна Петрова", "@Тимур Ахметов"]);
  assert.equal(words.me, "@Анна Петрова");
  assert.equal(words.loads, 0);
  assert.match(words.text, /https:\/\/example\.org\/draft/);
  assert.doesNotMatch(words.text, /@\{|\*Прошу/);
});

test("what a message has become is said", options, async () => {
  await talk.open("talk=rich");
  assert.match((await stage.texts("edited"))[0], /^изменено в \d\d:\d\d$/);
  assert.match(
    (await stage.texts("timer"))[0],
    /^Анна Петрова: новые сообщения теперь исчезают\. Срок: 7 дней\. /,
  );
  const kinds = await stage.page.$$eval('[data-testid="message"]', (all) =>
    all.map((one) => [one.dataset.kind, one.innerText]),
  );
  const [, gone] = kinds.find(([kind]) => kind === "deleted");
  assert.match(gone, /Автор отозвал это сообщение/);
  const [, newer] = kinds.find(([kind]) => kind === "needs_newer_version");
  assert.match(newer, /более новая версия/);
  assert.match((await stage.texts("over")).join(" | "), /6 дней/);
});

test("the days stand between the messages", options, async () => {
  await talk.open("talk=rich");
  assert.equal((await stage.texts("day")).length, 4);
});

test("an answer shows what it answers, and leads there", options, async () => {
  await talk.open("talk=rich", { height: 420 });
  const quotation = (await stage.page.$$('[data-testid="quotation"]')).at(1);
  assert.match(await quotation.evaluate((one) => one.innerText), /Мария Корнеева\s+Во втором абзаце/);
  await quotation.click();
  await stage.page.waitForFunction(() =>
    document.activeElement?.innerText.includes("Во втором абзаце предлагаю заменить"),
  );
  assert.ok(await talk.seen("Во втором абзаце предлагаю заменить"));
});

test("an answer to what is gone says so and leads nowhere", options, async () => {
  await talk.open("talk=rich");
  const gone = (await stage.page.$$('[data-testid="quotation"]')).at(2);
  assert.equal(await gone.evaluate((one) => one.tagName), "P");
  assert.match(await gone.evaluate((one) => one.innerText), /которого здесь нет/);
});

test("a reaction is taken back and set by a click, and says who", options, async () => {
  await talk.open("talk=rich");
  const chip = () =>
    stage.page.$eval('[data-emoji="👍"]', (one) => [one.ariaPressed, one.innerText, one.ariaLabel]);
  const [pressed, , label] = await chip();
  assert.equal(pressed, "true");
  assert.match(label, /Анна Петрова, Мария Корнеева и Ольга Вейс/);
  await stage.page.click('[data-emoji="👍"]');
  await stage.page.waitForFunction(() => document.querySelector('[data-emoji="👍"]').ariaPressed === "false");
  assert.match((await chip())[1], /2/);
  await stage.page.click('[data-emoji="👍"]');
  await stage.page.waitForFunction(() => document.querySelector('[data-emoji="👍"]').ariaPressed === "true");
});

test("a reaction is chosen from the palette, or written", options, async () => {
  await talk.open("talk=rich");
  await talk.act("Связь плохая", "react");
  await stage.page.click('[data-testid="pick"][data-emoji="🙏"]');
  const reactions = (text) => talk.within(text, '[data-testid="reaction"]');
  await talk.until(async () => (await reactions("Связь плохая")).join().includes("🙏"));
  await talk.act("Связь плохая", "react");
  await stage.type("pick-other", "🦉");
  await stage.press("Enter");
  await talk.until(async () => (await reactions("Связь плохая")).join().includes("🦉"));
  assert.equal(await stage.page.$('[data-testid="picker"]'), null);
});

test("what cannot be a reaction is refused next to the message", options, async () => {
  await talk.open("talk=rich");
  await talk.act("Связь плохая", "react");
  await stage.type("pick-other", "два");
  await stage.press("Enter");
  const said = await talk.until(
    async () => (await talk.within("Связь плохая", '[data-testid="refusal"]'))[0],
  );
  assert.match(said, /одного видимого знака/);
  await stage.click("refusal-close");
  await stage.page.waitForFunction(() => !document.querySelector('[data-testid="refusal"]'));
  assert.equal(await stage.focused(), "message");
});

test("who reacted is listed", options, async () => {
  await talk.open("talk=rich");
  await talk.act("Коллеги, проект", "message-menu");
  await stage.click("menu-who");
  assert.match(await stage.text("reactors"), /Анна Петрова\s+Мария Корнеева\s+Ольга Вейс[^]*Сардана Иванова/);
});

test("only what one may do is in the menu", options, async () => {
  await talk.open("talk=rich");
  const menu = async (text) => {
    await talk.act(text, "message-menu");
    await stage.see("menu");
    const items = await stage.page.$$eval('[role="menuitem"]', (all) => all.map((one) => one.dataset.testid));
    await stage.press("Escape");
    return items;
  };
  assert.deepEqual(await menu("Связь плохая"), ["menu-answer", "menu-react", "menu-copy"]);
  assert.deepEqual(await menu("Тогда до завтра"), [
    "menu-answer",
    "menu-react",
    "menu-copy",
    "menu-edit",
    "menu-take-back",
  ]);
  assert.deepEqual(await menu("И ещё одно"), ["menu-answer", "menu-copy", "menu-edit", "menu-take-back"]);
});

test("who only reads reacts to nothing and writes nothing", options, async () => {
  await talk.open("talk=rich&role=observer");
  assert.equal(await stage.page.$('[data-testid="composer"]'), null);
  assert.equal(await stage.page.$('[data-testid="answer"]'), null);
  assert.equal(await stage.page.$('[data-testid="timer-open"]'), null);
  await stage.page.click('[data-emoji="👍"]');
  assert.equal(await stage.page.$eval('[data-emoji="👍"]', (one) => one.ariaPressed), "true");
});

test("a message is taken back after one has read what that means", options, async () => {
  await talk.open("talk=rich");
  await talk.act("Тогда до завтра", "message-menu");
  await stage.click("menu-take-back");
  const said = await stage.text("take-back-dialog");
  assert.match(said, /Тогда до завтра/);
  assert.match(said, /исчезнут у всех/);
  assert.match(said, /мог запомнить/);
  await stage.click("take-back");
  await stage.page.waitForFunction(() => !document.querySelector("dialog"));
  await talk.until(async () => (await stage.text("messages")).includes("Вы отозвали это сообщение."));
  assert.doesNotMatch(await stage.text("messages"), /Тогда до завтра/);
});

test("that a message was taken back already is said in the dialog", options, async () => {
  await talk.open("talk=rich&refuse=delete&code=already_done");
  await talk.act("Тогда до завтра", "message-menu");
  await stage.click("menu-take-back");
  await stage.click("take-back");
  assert.match(await stage.text("refusal"), /уже нет/);
});

test("the text of a message is copied with names and without marks", options, async () => {
  await talk.open("talk=rich");
  await stage.page.evaluate(() => {
    globalThis.copied = "";
    Object.defineProperty(navigator, "clipboard", {
      value: { writeText: async (text) => void (globalThis.copied = text) },
    });
  });
  await talk.act("Поддерживаю Марию", "message-menu");
  await stage.click("menu-copy");
  await talk.until(() => stage.page.evaluate(() => globalThis.copied));
  assert.equal(
    await stage.page.evaluate(() => globalThis.copied),
    "Поддерживаю Марию. @Анна Петрова, посмотрите, пожалуйста, ещё раз третий пункт. @Тимур Ахметов уже посмотрел.",
  );
});

test("a press of the other button opens the menu where it was pressed", options, async () => {
  await talk.open("talk=rich");
  const box = await (await talk.message("Связь плохая")).boundingBox();
  await stage.page.mouse.click(box.x + 60, box.y + box.height / 2, { button: "right" });
  const menu = await (await stage.see("menu")).boundingBox();
  assert.ok(Math.abs(menu.x - box.x - 60) < 2, "it begins under the pointer");
  await stage.page.mouse.click(box.x + 400, 20);
  await stage.page.waitForFunction(() => !document.querySelector('[data-testid="menu"]'));
});

test("everything is done with the keys, and the focus comes back", options, async () => {
  await talk.open("talk=rich");
  await stage.see("composer");
  await stage.page.focus('[data-testid="about-open"]');
  await stage.press("Tab");
  assert.equal(await stage.focused(), "message", "one step comes to the last message, not to every one");
  assert.match(await talk.focusedText(), /И ещё одно/);
  await stage.press("ArrowUp");
  assert.match(await talk.focusedText(), /Тогда до завтра/);
  await stage.press("Enter");
  assert.equal(await stage.focused(), "menu-answer");
  await stage.press("ArrowDown");
  assert.equal(await stage.focused(), "menu-react");
  await stage.press("End");
  assert.equal(await stage.focused(), "menu-take-back");
  await stage.press("Escape");
  assert.match(await talk.focusedText(), /Тогда до завтра/);
  await stage.press("Tab");
  assert.equal(await stage.focused(), "react");
  await stage.press("Enter");
  assert.equal(await stage.focused(), "pick");
  await stage.press("ArrowRight", "Enter");
  await talk.until(
    async () => (await talk.within("Тогда до завтра", '[data-testid="reaction"]')).length === 1,
  );
  assert.match(await talk.focusedText(), /Тогда до завтра/);
  await stage.press("Enter", "Enter");
  assert.equal(await stage.focused(), "composer");
  await stage.see("composer-banner");
});

test("a message that disappears goes by itself", options, async () => {
  await talk.open("talk=rich");
  await stage.page.evaluate(() => {
    globalThis.fakeTalk.hear(2, "Ненадолго", { over: Date.now() + 1_500 });
  });
  await talk.until(async () => (await stage.text("messages")).includes("Ненадолго"));
  await talk.until(async () => !(await stage.text("messages")).includes("Ненадолго"));
});

test("nothing is in the way of a screen reader, and nothing is wider than the window", options, async () => {
  for (const [theme, width] of [
    ["light", 1180],
    ["dark", 1180],
    ["light", 360],
    ["dark", 360],
  ]) {
    await talk.open("talk=rich&unread=3&timer=604800000", { theme, width, height: 720 });
    assert.deepEqual(await stage.stumbles(), [], `${theme} ${width}`);
    await talk.act("Тогда до завтра", "message-menu");
    await stage.see("menu");
    assert.deepEqual(await stage.stumbles(), [], `menu ${theme} ${width}`);
    await stage.press("Escape");
    assert.equal(await stage.page.evaluate(() => document.documentElement.scrollWidth > innerWidth), false);
  }
});

test("nothing failed on the page meanwhile", options, () => assert.deepEqual(stage.faults, []));
