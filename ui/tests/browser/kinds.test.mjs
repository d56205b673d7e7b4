// Direct conversations and working groups: how they are listed, begun, arranged, and what a page about each says.

import assert from "node:assert/strict";
import { test } from "node:test";

import { options, staged } from "./stage.mjs";

const stage = staged();

const ROWS = '[data-testid^="conversation-"]:is(button)';
/** The rows of the list that are shown, in their order, as a screen reader has them. */
const rows = () =>
  stage.page.$$eval(ROWS, (all) =>
    all.filter((row) => row.checkVisibility()).map((row) => row.textContent.trim().replace(/\s+/g, " ")),
  );
const row = async (words) => {
  await stage.see("conversation-plenary");
  await stage.page.waitForFunction(
    (selector, text) => {
      const found = [...document.querySelectorAll(selector)].find((one) => one.textContent.includes(text));
      found?.click();
      return found;
    },
    { timeout: 10_000 },
    ROWS,
    words,
  );
};
const title = () => stage.page.$eval("#page-title", (one) => one.innerText);
const titled = (words) =>
  stage.page.waitForFunction(
    (text) => document.getElementById("page-title")?.innerText === text,
    { timeout: 10_000 },
    words,
  );
const there = (testid, more = "") => stage.page.$(`[data-testid="${testid}"]${more}`);
const gone = (selector) =>
  stage.page.waitForFunction((one) => document.querySelector(one) === null, { timeout: 10_000 }, selector);
const disabled = async (testid) => (await stage.see(testid)).evaluate((one) => one.disabled);
const says = (testid, words) =>
  stage.page.waitForFunction(
    (selector, text) => [...document.querySelectorAll(selector)].some((one) => one.innerText.includes(text)),
    { timeout: 10_000 },
    `[data-testid="${testid}"]`,
    words,
  );
async function open(scene = "groups=some", words = null, view = {}) {
  await stage.scene(`member&${scene}`, view);
  if (words) await row(words);
}
async function about(scene, words, view) {
  await open(scene, words, view);
  await stage.click("about-open");
  await stage.see("about");
}

test("pinned conversations stand first, then the latest; each says what it is", options, async () => {
  await open();
  await stage.see("archived");
  const all = await rows();
  assert.match(all[0], /^Рабочая группа: ?Закон о люстрации.*закреплён/);
  assert.match(all[1], /^Пленарный разговор/);
  assert.match(all[2], /^Личный разговор: ?Мария Корнеева/);
  assert.match(all[3], /^Рабочая группа: ?Оргкомитет.*без оповещений/);
  assert.equal(all.length, 5);
  assert.deepEqual(await stage.stumbles(), []);
});

test("what is put away is folded, and unfolds", options, async () => {
  await open();
  assert.equal(await stage.text("archived"), "Архив: 1");
  assert.ok(!(await rows()).some((words) => words.includes("Письмо в комиссию")));
  await stage.click("archived");
  assert.match((await rows()).at(-1), /Письмо в комиссию/);
});

test("what is muted shows its own count and is left out of the count of all", options, async () => {
  await open("groups=some", "Пленарный");
  // Two from Maria and one in the pinned group; the one of the muted group is not among them.
  assert.match(await stage.text("rail-conversations-count"), /^3/);
  const quiet = await stage.page.$$eval('[data-testid="badge-unread"].quiet', (all) =>
    all.map((one) => one.innerText),
  );
  assert.equal(quiet.length, 1);
  const id = await stage.page.evaluate(
    () => globalThis.fakeConversations.views().find((known) => known.muted).id,
  );
  await stage.page.evaluate((where) => globalThis.fakeConversations.hear(where, 4, "Ещё одно."), id);
  await stage.page.waitForFunction(
    () => document.querySelector('[data-testid="badge-unread"].quiet')?.innerText.startsWith("2"),
    { timeout: 10_000 },
  );
  assert.match(await stage.text("rail-conversations-count"), /^3/);
});

test(
  "a new message brings its conversation up, and the one that is read stays before the eyes",
  options,
  async () => {
    await open("groups=some", "Пленарный");
    const id = await stage.page.evaluate(
      () => globalThis.fakeConversations.views().find(({ peer }) => peer === 3).id,
    );
    await stage.page.evaluate((where) => globalThis.fakeConversations.hear(where, 3, "Закончила."), id);
    await stage.page.waitForFunction(
      (selector) => document.querySelectorAll(selector)[1]?.textContent.includes("Закончила."),
      { timeout: 10_000 },
      ROWS,
    );
    assert.equal(await title(), "Пленарный разговор");
  },
);

test(
  "a direct conversation is begun with the keys; what is written waits until the other is there",
  options,
  async () => {
    await open("comes=never");
    await stage.see("begin-open");
    await stage.tabTo("begin-open");
    await stage.press("Enter");
    await stage.see("picker");
    assert.equal(await stage.focused(), "picker-search");
    assert.ok(await disabled("begin"));
    await stage.page.keyboard.type("лесн");
    await gone('[data-testid="pick-2"]');
    await stage.press("Tab", "Space", "Enter");
    await says("conversation-state", "Здесь пока никого");
    await titled("Лесной");
    assert.match((await rows())[0], /Личный разговор: ?Лесной/);
    await stage.type("composer", "Есть минута?");
    await stage.press("Enter");
    await says("message-state", "ждёт отправки");
    assert.equal(await there("refusal"), null);
    const id = await stage.page.evaluate(
      () => globalThis.fakeConversations.views().find(({ peer }) => peer === 4).id,
    );
    await stage.page.evaluate((where) => globalThis.fakeConversations.come(where, 4), id);
    await says("roster", "Теперь здесь: Лесной");
    await gone('[data-testid="conversation-state"]');
    await stage.page.waitForFunction(
      () => !document.querySelector('[data-testid="message-state"]')?.innerText.includes("ждёт"),
      { timeout: 10_000 },
    );
  },
);

test(
  "neither oneself nor who is out can be chosen, and nobody's name is said to be nobody's",
  options,
  async () => {
    await open();
    await stage.click("begin-open");
    await stage.see("picker");
    const seats = await stage.page.$$eval('[data-testid^="pick-"]', (all) =>
      all.map((one) => one.dataset.testid),
    );
    assert.deepEqual(seats, ["pick-2", "pick-3", "pick-4", "pick-6", "pick-7", "pick-8"]);
    await stage.type("picker-search", "нетникого");
    assert.match(await stage.text("picker-none"), /Никого с таким именем/);
    assert.deepEqual(await stage.stumbles(), []);
  },
);

test("who is written to already is not written to anew", options, async () => {
  await open();
  await stage.click("begin-open");
  await stage.click("pick-3");
  await stage.click("begin");
  await says("message", "Напишу здесь, когда закончу.");
  assert.equal((await rows()).filter((words) => words.includes("Мария Корнеева")).length, 1);
});

test("a deputy founds a working group, and it opens", options, async () => {
  await open();
  await stage.click("begin-open");
  await stage.click("begin-group");
  await stage.type("group-name", "Бюджет");
  await stage.click("pick-2");
  await stage.click("pick-8");
  assert.match(await stage.text("begin-count"), /Выбрано: 2/);
  await stage.click("begin");
  await gone("dialog");
  await titled("Бюджет");
  await says("roster", "Проф. Хелен Марш");
});

test(
  "a group without a name is not founded, and more than forty-nine are refused in words",
  options,
  async () => {
    await open("members=60");
    await stage.click("begin-open");
    await stage.click("begin-group");
    await stage.see("picker");
    await stage.page.$$eval('[data-testid^="pick-"] input', (all) =>
      all.slice(0, 49).forEach((one) => one.click()),
    );
    assert.match(await stage.text("begin-count"), /Выбрано: 49/);
    assert.ok(await disabled("begin"), "it has no name yet");
    await stage.type("group-name", "Многие");
    assert.ok(!(await disabled("begin")));
    await stage.page.$$eval('[data-testid^="pick-"] input', (all) => all.at(49).click());
    assert.match(await stage.text("begin-count"), /лишних 1, а места хватает на 49/);
    assert.ok(await disabled("begin"));
  },
);

test("who is no deputy is offered no working group", options, async () => {
  await open("groups=some&role=expert", "Закон о люстрации");
  await stage.click("begin-open");
  await stage.see("picker");
  assert.equal(await there("begin-group"), null);
  await stage.press("Escape");
  await gone("dialog");
  await stage.click("about-open");
  await stage.see("about");
  assert.equal(await there("bring-open"), null);
  assert.equal(await there("ask-leave"), null);
  assert.ok(await there("leave-open"));
});

test("what the program refuses is said in the dialog, and the choice stays", options, async () => {
  await open("refuse=found_group&code=not_allowed");
  await stage.click("begin-open");
  await stage.click("begin-group");
  await stage.type("group-name", "Бюджет");
  await stage.click("pick-2");
  await stage.click("begin");
  assert.match(await stage.text("refusal"), /могут только депутаты/);
  assert.match(await stage.text("begin-count"), /Выбрано: 1/);
});

test("about a group: who is there and since when, who comes, who is asked to leave", options, async () => {
  await about("groups=some", "Закон о люстрации");
  const present = await stage.texts("present");
  assert.equal(present.length, 4);
  assert.match(present[0], /Анна Петрова \(вы\).*здесь с:/);
  assert.match(present[1], /Тимур Ахметов.*здесь раньше вас/);
  assert.match(present[3], /Ольга Вейс.*Вы просите выйти/);
  assert.match((await stage.texts("coming")).join(), /Проф. Хелен Марш.*Ещё не здесь/);
  assert.equal((await stage.texts("ask-leave")).length, 2, "nobody is asked twice, and not oneself");
  assert.match(await stage.text("about-code"), /^(\d{5} ){5}\d{5}$/);
  assert.deepEqual(await stage.stumbles(), []);
  await stage.click("back");
  await stage.see("composer");
});

test("members are brought in; who is there or on the way is not offered", options, async () => {
  await about("groups=some&comes=never", "Закон о люстрации");
  await stage.click("bring-open");
  await stage.see("picker");
  const seats = await stage.page.$$eval('[data-testid^="pick-"]', (all) =>
    all.map((one) => one.dataset.testid),
  );
  assert.deepEqual(seats, ["pick-4", "pick-7"]);
  await stage.click("pick-7");
  await stage.click("bring");
  await gone("dialog");
  await stage.see("coming", '[data-seat="7"]');
});

test("that somebody leave is asked after it is said when it happens", options, async () => {
  await about("groups=some", "Закон о люстрации");
  await (await stage.see("present", '[data-seat="3"] [data-testid="ask-leave"]')).click();
  assert.match(
    await stage.text("leave-dialog"),
    /в течение 7 дней попросят больше половины остальных депутатов/,
  );
  await stage.click("leave");
  await gone("dialog");
  await stage.see("present", '[data-seat="3"] [data-testid="leaving"]');
});

test("one leaves after it is said what remains; then one reads only", options, async () => {
  await about("groups=some", "Закон о люстрации");
  await stage.click("leave-open");
  assert.match(await stage.text("leave-dialog"), /Прочитанное останется/);
  await stage.press("Escape");
  await gone("dialog");
  assert.equal(await stage.focused(), "leave-open");
  await stage.press("Enter");
  await stage.click("leave");
  await gone("dialog");
  await stage.see("present", '[data-seat="1"] [data-testid="leaving"]');
  await stage.see("conversation-state", '[data-standing="left"]');
  await stage.click("back");
  await says("message", "Собрал замечания");
  assert.match(await stage.text("conversation-state"), /больше не в разговоре/);
  assert.equal(await there("composer"), null);
  assert.equal(await there("answer"), null);
  assert.equal(await there("timer-open"), null);
});

test("who is alone in a group cannot leave it, and is told what to do instead", options, async () => {
  await open("comes=never");
  await stage.click("begin-open");
  await stage.click("begin-group");
  await stage.type("group-name", "Один");
  await stage.click("begin");
  await titled("Один");
  await says("conversation-state", "Кто войдёт позже, не прочитает");
  await stage.click("about-open");
  assert.match(await stage.text("leave-alone"), /в архив/);
  assert.equal(await there("leave-open"), null);
});

test("a conversation that this device cannot follow says that it comes back by itself", options, async () => {
  await open("groups=some", "Сардана Иванова");
  await stage.see("conversation-state", '[data-standing="halted"]');
  assert.match(await stage.text("conversation-state"), /само просит добавить его снова/);
  assert.equal(await there("composer"), null);
});

test("a conversation is pinned, muted and put away, and brought back", options, async () => {
  await about("groups=some", "Мария Корнеева");
  assert.equal(await there("leave-open"), null, "nobody leaves a direct conversation");
  assert.equal(await there("bring-open"), null);
  await stage.click("arrange-pinned");
  await stage.page.waitForFunction(
    (selector) => document.querySelector(selector)?.textContent.includes("Мария Корнеева"),
    { timeout: 10_000 },
    ROWS,
  );
  await stage.click("arrange-muted");
  await stage.page.waitForFunction(
    () => document.querySelectorAll('[data-testid="sign-muted"]').length === 2,
    { timeout: 10_000 },
  );
  await stage.click("arrange-archived");
  await says("archived", "Архив: 2");
  assert.equal(await title(), "Мария Корнеева");
  assert.match((await rows()).at(-2), /Мария Корнеева/, "the fold opens for what is read");
  await stage.click("arrange-archived");
  await says("archived", "Архив: 1");
});

test("from a member's page one writes to the member, but not to oneself or who is out", options, async () => {
  await stage.scene("member");
  await stage.go("/members/2");
  await stage.tabTo("write-to");
  await stage.press("Enter");
  await titled("Тимур Ахметов");
  await stage.see("composer");
  for (const seat of [1, 5]) {
    await stage.go(`/members/${seat}`);
    await stage.see("member");
    assert.equal(await there("write-to"), null);
  }
});

test("an observer writes in direct conversations only", options, async () => {
  await open("groups=some&role=observer", "Закон о люстрации");
  await says("message", "Собрал замечания");
  assert.equal(await there("composer"), null);
  assert.match(await stage.page.$eval("main", (one) => one.innerText), /Наблюдатель читает, но не пишет/);
  await row("Мария Корнеева");
  await stage.see("composer");
});

test("in a group only those are suggested who are there", options, async () => {
  await open("groups=some", "Закон о люстрации");
  await stage.type("composer", "@");
  await stage.page.waitForSelector("#mentions");
  const names = await stage.page.$$eval("#mentions li", (all) =>
    all.map((one) => one.innerText.split("\n")[0]),
  );
  assert.deepEqual(names, ["Тимур Ахметов", "Мария Корнеева", "Ольга Вейс"]);
});

test(
  "where list and page take turns, the way back leads from the page about it to the messages, then to the list",
  options,
  async () => {
    const narrow = { width: 360, height: 760, language: "en", theme: "dark" };
    await about("groups=some", "Lustration bill", narrow);
    assert.equal(await stage.page.evaluate(() => document.documentElement.scrollWidth <= innerWidth), true);
    await stage.click("back");
    await stage.see("composer");
    await stage.click("back");
    await stage.page.waitForFunction(
      (selector) => document.querySelector(selector)?.checkVisibility(),
      { timeout: 10_000 },
      ROWS,
    );
  },
);
