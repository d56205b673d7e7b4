// A long talk: pages, the reader's place in it, what is new, the timer, and the search.

import assert from "node:assert/strict";
import { test } from "node:test";

import { options, staged } from "./stage.mjs";
import { Talk } from "./talk.mjs";

const stage = staged();
const talk = new Talk(stage);

const count = () => stage.page.$$eval('[data-testid="message"]', (all) => all.length);
const first = () => stage.page.$eval('[data-testid="message"] [data-testid="words"]', (one) => one.innerText);
const atEnd = () =>
  stage.page.$eval(
    '[data-testid="messages"]',
    (box) => box.scrollHeight - box.scrollTop - box.clientHeight < 48,
  );
const unread = () => stage.page.evaluate(() => globalThis.fakeTalk.view(8).unread);

test("one begins at the end, and older pages come as one goes up, without a jump", options, async () => {
  await talk.open("talk=long");
  await talk.until(atEnd);
  assert.equal(await count(), 50);
  const oldest = await first();
  await talk.scroll(300);
  const top = await talk.top(oldest.slice(0, 30));
  await talk.until(async () => (await count()) > 50);
  assert.ok(Math.abs((await talk.top(oldest.slice(0, 30))) - top) < 2, "what one reads stays where it is");
});

test("who reads above is not moved by what comes, and is told of it", options, async () => {
  await talk.open("talk=long");
  await talk.scroll(1200);
  await stage.see("to-newest");
  const text = await stage.page.evaluate(() => {
    const { top } = document.querySelector('[data-testid="messages"]').getBoundingClientRect();
    const seen = [...document.querySelectorAll("article")].find(
      (one) => one.getBoundingClientRect().top > top,
    );
    return seen.querySelector('[data-testid="words"]').innerText.slice(0, 20);
  });
  const top = await talk.top(text);
  await talk.fake("hear", 2, "Новость первая");
  await talk.fake("hear", 2, "Новость для @{1}");
  await talk.until(async () => (await stage.text("to-newest")).includes("2"));
  await stage.see("to-mention");
  assert.ok(Math.abs((await talk.top(text)) - top) < 2);
  assert.equal(await unread(), 2, "what has not been seen is not read");
  await stage.click("to-newest");
  await talk.until(atEnd);
  await talk.until(async () => (await unread()) === 0);
  assert.equal(
    await stage.page.$eval('[data-testid="unread"]', (one) => one.innerText.trim()),
    "Новые сообщения",
  );
  await stage.gone("to-newest");
});

test("who reads the end goes on reading the end", options, async () => {
  await talk.open("talk=long");
  await talk.until(atEnd);
  await talk.fake("hear", 3, "Только что сказанное");
  await talk.until(() => talk.seen("Только что сказанное"));
  await talk.until(async () => (await unread()) === 0);
  assert.equal(await stage.page.$('[data-testid="unread"]'), null);
});

test("reactions that grow above do not move what one reads", options, async () => {
  await talk.open("talk=long");
  await talk.scroll(2000);
  await stage.see("to-newest");
  const { id, text, top } = await stage.page.evaluate(() => {
    const { top: edge } = document.querySelector('[data-testid="messages"]').getBoundingClientRect();
    const all = [...document.querySelectorAll("article")];
    const at = all.findIndex((one) => one.getBoundingClientRect().top > edge);
    const words = all[at].querySelector('[data-testid="words"]').innerText.slice(0, 20);
    return { id: all[at - 6].dataset.message, text: words, top: all[at].getBoundingClientRect().top };
  });
  await talk.fake("reacts", id, 4, "👍");
  await stage.see("reaction");
  await talk.until(async () => Math.abs((await talk.top(text)) - top) < 2);
});

test("the first unread message is where one begins, with a line above it", options, async () => {
  await talk.open("talk=long&unread=30");
  await stage.see("unread");
  const place = await stage.page.evaluate(() => {
    const box = document.querySelector('[data-testid="messages"]').getBoundingClientRect();
    const line = document.querySelector('[data-testid="unread"]').getBoundingClientRect();
    return (line.top - box.top) / box.height;
  });
  assert.ok(place > 0 && place < 0.5, `the line is in the upper half: ${place}`);
  assert.equal(await unread(), 30, "nothing is read before its end is seen");
  assert.match(await stage.text("rail-conversations"), /30/);
  await stage.click("to-newest");
  await talk.until(async () => (await unread()) === 0);
});

test("the list counts what has not been read, and mentions apart", options, async () => {
  await stage.scene("member&talk=rich&unread=3", { width: 400 });
  await stage.go("/conversations");
  assert.match(await stage.text("badge-unread"), /3/);
  assert.equal(
    await stage.page.$eval('[data-testid="badge-mentions"] .unseen', (one) => one.textContent),
    "Вас упомянули в 1 сообщении",
  );
  assert.equal(await unread(), 3, "the list alone reads nothing");
});

test("mentions that have not been read are gone to, one after the other", options, async () => {
  await talk.open("talk=long");
  await talk.fake("hear", 2, "Посмотрите, @{1}");
  await stage.go("/motions");
  await stage.gone("messages");
  await talk.fake("hear", 3, "Где-то здесь нужны вы, @{1}");
  for (let line = 0; line < 25; line += 1) await talk.fake("hear", 4, `Строка ${line}`);
  await stage.go("/conversations/a1b2c3d4e5f60718");
  await stage.see("unread");
  await stage.click("to-mention");
  await talk.until(async () => (await talk.focusedText()).includes("Посмотрите"));
  await stage.click("to-mention");
  await talk.until(async () => (await talk.focusedText()).includes("Где-то здесь"));
  await stage.click("to-mention");
  await talk.until(async () => (await talk.focusedText()).includes("Посмотрите"));
});

test("what was found is gone to and lit, and the end is found again", options, async () => {
  await talk.open("talk=long");
  await stage.hold("Control", "f");
  await stage.see("search-field");
  assert.equal(await stage.focused(), "search-field");
  await stage.page.keyboard.type("19 поддерживаю");
  await stage.see("found");
  const [found] = await stage.texts("found");
  assert.match(found, /19\. Поддерживаю/);
  assert.equal(await stage.page.$eval('[data-testid="found"] mark', (one) => one.innerText), "19");
  await stage.press("ArrowDown");
  assert.equal(await stage.focused(), "found");
  await stage.press("Enter");
  await talk.until(() => talk.seen("19. Поддерживаю"));
  assert.match(await talk.focusedText(), /19\. Поддерживаю/);
  assert.deepEqual(
    await stage.page.$$eval('[data-testid="message"] mark', (all) => all.map((one) => one.innerText)),
    ["19", "Поддерживаю"],
  );
  // One reads on from there: pages come below, without a hole.
  for (let page = 0; page < 4; page += 1) {
    await talk.scroll(1e6);
    await new Promise((resolve) => setTimeout(resolve, 150));
  }
  const numbers = await stage.page.$$eval('[data-testid="words"]', (all) =>
    all.map((one) => parseInt(one.innerText, 10)),
  );
  assert.ok(numbers.at(-1) > 60);
  numbers.forEach((number, index) => assert.equal(number, numbers[0] + index));
  await stage.click("to-newest");
  await talk.until(async () => (await talk.seen("599.")) && atEnd());
});

test("a search that finds nothing says so, and Escape gives the focus back", options, async () => {
  await talk.open("talk=rich");
  await stage.click("composer");
  await stage.hold("Control", "f");
  await stage.see("search-field");
  await stage.page.keyboard.type("нетничего");
  await talk.until(async () => (await stage.text("search-status")) === "Ничего не нашлось.");
  await stage.press("Escape");
  await stage.gone("search");
  assert.equal(await stage.focused(), "composer");
});

test("a refused search is said under the field", options, async () => {
  await talk.open("talk=rich&refuse=search&code=bad_request");
  await stage.click("search-all");
  await stage.see("search-field");
  await stage.page.keyboard.type("слово");
  assert.match(await stage.text("refusal"), /от одного до шестнадцати слов/);
});

test("where list and page take turns, what was found is shown on the page", options, async () => {
  await talk.open("talk=long", { width: 400, height: 700 });
  await stage.click("search-here");
  await stage.see("search-field");
  await stage.page.keyboard.type("42 ");
  await stage.see("found");
  await stage.click("found");
  await talk.until(async () => (await stage.page.$('[data-testid="composer"]')) && talk.seen("42."));
});

test("the list of commands opens the search from anywhere", options, async () => {
  await stage.scene("member");
  await stage.go("/motions");
  await stage.see("motion-row");
  await stage.hold("Control", "k");
  await stage.see("commands");
  await stage.page.keyboard.type("Искать");
  await stage.press("Enter");
  await stage.see("search-field");
});

test("a deputy sets the time after which messages disappear, and the talk says so", options, async () => {
  await talk.open("talk=rich");
  await stage.click("timer-open");
  await stage.see("timer-form");
  await stage.click("timer-week");
  await stage.click("timer-save");
  await stage.gone("timer-form");
  await talk.until(async () => (await stage.texts("timer")).at(-1)?.includes("Срок: 7 дней"));
  assert.match(await stage.text("timer-note"), /исчезают: 7 дней/);
  await talk.write("под сроком");
  await stage.press("Enter");
  await talk.until(async () => (await talk.within("под сроком", '[data-testid="over"]')).length === 1);
  await stage.click("timer-open");
  assert.equal(await stage.page.$eval('[data-testid="timer-week"] input', (one) => one.checked), true);
  await stage.click("timer-off");
  await stage.click("timer-save");
  await talk.until(async () => (await stage.texts("timer")).at(-1)?.includes("больше не исчезают"));
  await stage.gone("timer-note");
});

test("another time has its limits", options, async () => {
  await talk.open("talk=rich");
  await stage.click("timer-open");
  await stage.click("timer-other");
  await stage.type("timer-span", "400");
  await stage.page.select('[data-testid="timer-span-unit"]', "86400000");
  const idle = () => stage.page.$eval('[data-testid="timer-save"]', (one) => one.disabled);
  assert.equal(await idle(), true);
  await stage.page.select('[data-testid="timer-span-unit"]', "60000");
  await talk.until(async () => !(await idle()));
  await stage.click("timer-save");
  await talk.until(async () => (await stage.texts("timer")).at(-1)?.includes("6 часов 40 минут"));
});

test("who may not set the time is told of it in the dialog", options, async () => {
  await talk.open("talk=rich&refuse=set_timer&code=not_allowed");
  await stage.click("timer-open");
  await stage.click("timer-day");
  await stage.click("timer-save");
  assert.match(await stage.text("refusal"), /устанавливают депутаты/);
  await stage.see("timer-form");
});

test("a guest sees the time and does not set it", options, async () => {
  await talk.open("talk=rich&role=expert&timer=3600000");
  assert.match(await stage.text("timer-note"), /1 час/);
  assert.equal(await stage.page.$('[data-testid="timer-open"]'), null);
});

test("the search and the timer stumble nobody", options, async () => {
  await talk.open("talk=rich", { theme: "dark" });
  await stage.click("search-here");
  await stage.see("search-field");
  await stage.page.keyboard.type("сро");
  await stage.see("found");
  assert.deepEqual(await stage.stumbles(), []);
  await stage.click("timer-open");
  await stage.see("timer-form");
  assert.deepEqual(await stage.stumbles(), []);
});

test("nothing failed on the page meanwhile", options, () => assert.deepEqual(stage.faults, []));
