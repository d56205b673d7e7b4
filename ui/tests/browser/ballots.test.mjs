// Ballots with several options, by keys alone.

import assert from "node:assert/strict";
import { test } from "node:test";

import { options, staged } from "./stage.mjs";

const ONE = 0;
const MARKS = 1;
const SCHULZE = 2;
const SEATS = 3;
const stage = staged();

async function ballot(index) {
  await stage.scene("member&motions=options");
  await stage.motion(index);
}

/** Presses the button of the ranked option, as Tab and Enter do. */
async function deed(name, testid) {
  await stage.page.evaluate(
    (option, button) =>
      [...document.querySelectorAll('[data-testid="ranked"]')]
        .find((row) => row.innerText.includes(option))
        .querySelector(`[data-testid="${button}"]`)
        .focus(),
    name,
    testid,
  );
  await stage.press("Enter");
}

const order = async () => (await stage.texts("ranked")).map((row) => row.replace(/ ?, \d+-е место$/, ""));
const disabled = async (testid) => (await stage.see(testid)).evaluate((element) => element.disabled);

async function cast() {
  await stage.tabTo("vote-review");
  await stage.press("Enter");
  await stage.see("review");
  const words = await stage.text("review");
  await stage.tabTo("vote-confirm");
  await stage.press("Enter");
  await stage.see("own-vote");
  return words;
}

test("one of many: one is chosen, repeated in words and cast", options, async () => {
  await ballot(ONE);
  await stage.tabTo("option-0");
  await stage.press("ArrowDown");
  assert.match(await cast(), /Вы голосуете за вариант Тбилиси\./);
  assert.match(await stage.text("own-vote"), /Ваш голос: Тбилиси/);
});

test("one of many: one may abstain", options, async () => {
  await ballot(ONE);
  await stage.click("choice-abstain");
  assert.match(await cast(), /Вы воздерживаетесь/);
  assert.match(await stage.text("own-vote"), /воздержался/);
});

test("up to k: marks are counted, and no more can be set than the motion allows", options, async () => {
  await ballot(MARKS);
  assert.match(await stage.text("marks"), /Отмечено 0 из 2/);
  assert.ok(await disabled("vote-review"));
  await stage.tabTo("option-0");
  await stage.press("Space");
  await stage.tabTo("option-2");
  await stage.press("Space");
  assert.match(await stage.text("marks"), /Отмечено 2 из 2\. Чтобы/);
  const free = await stage.page.$$eval('[data-testid^="option-"] input', (all) =>
    all.map((box) => !box.disabled),
  );
  assert.deepEqual(free, [true, false, true, false]);
  const words = await cast();
  assert.match(words, /Вы отмечаете 2 варианта:\s+Признание документов\s+Санкции/);
  assert.match(await stage.text("own-vote"), /Ваш голос: Признание документов и Санкции/);
});

test(
  "up to k: abstaining puts the marks aside, and changing one's mind brings them back",
  options,
  async () => {
    await ballot(MARKS);
    await stage.click("option-1");
    await stage.click("choice-abstain");
    assert.ok(!(await disabled("vote-review")));
    await stage.click("choice-abstain");
    assert.match(await stage.text("marks"), /Отмечено 1 из 2/);
  },
);

test(
  "Schulze: options are put in order and made equal by keys, and every step is said",
  options,
  async () => {
    await ballot(SCHULZE);
    assert.ok(await disabled("vote-review"));
    await stage.tabTo("rest-2");
    await stage.press("Enter");
    assert.match(await stage.text("ranking-said"), /Ольга Вейс: теперь 1-е место/);
    assert.equal(await stage.focused(), "rest-3", "the next one can be added at once");
    await stage.press("Enter");
    await stage.page.waitForFunction(() => document.activeElement.dataset.testid === "rest-1");
    await stage.press("Enter");
    assert.deepEqual(await order(), ["1 Ольга Вейс", "2 Лесной", "3 Тимур Ахметов"]);
    await deed("Тимур Ахметов", "rank-up");
    await stage.press("Enter");
    assert.deepEqual(await order(), ["1 Тимур Ахметов", "2 Ольга Вейс", "3 Лесной"]);
    assert.equal(await stage.focused(), "rank-up", "the focus goes along");
    assert.match(await stage.text("ranking-said"), /Тимур Ахметов: теперь 1-е место/);
    await deed("Лесной", "rank-join");
    assert.deepEqual(await order(), ["1 Тимур Ахметов", "2 Ольга Вейс", "= Лесной"]);
    assert.match(await stage.text("ranking-said"), /Лесной: теперь 2-е место, наравне: Ольга Вейс/);
    assert.deepEqual(await stage.stumbles(), []);
    const words = await cast();
    assert.match(
      words,
      /Тимур Ахметов\s+Ольга Вейс и Лесной \(наравне\)\s+На последнем месте: Мария Корнеева/,
    );
    assert.match(words, /скрыт среди 7 участников/);
  },
);

test("Schulze: a secret choice stands nowhere on the page after it was cast", options, async () => {
  await stage.see("own-vote", '[data-state="counted"]');
  assert.doesNotMatch(await stage.text("own-vote"), /Ахметов|Вейс|Лесной|Корнеева/);
  assert.deepEqual(await stage.texts("options"), ["Мария Корнеева Тимур Ахметов Ольга Вейс Лесной"]);
  assert.equal(await stage.page.$('[data-testid="ranked"]'), null);
});

test("Schulze: all on one level is said to be an abstention", options, async () => {
  await ballot(SCHULZE);
  for (const option of [0, 1, 2, 3]) await stage.click(`rest-${option}`);
  for (const name of ["Тимур", "Ольга", "Лесной"]) await deed(name, "rank-join");
  assert.match(await stage.text("ranking-level"), /то же, что воздержаться/);
  assert.ok(await disabled("vote-review"));
  await deed("Лесной", "rank-down");
  assert.ok(!(await disabled("vote-review")));
});

test("transferable votes: the order is strict, and options may be left out", options, async () => {
  await ballot(SEATS);
  await stage.click("rest-4");
  await stage.click("rest-1");
  await stage.click("rest-0");
  assert.equal(await stage.page.$('[data-testid="rank-join"]'), null);
  await deed("Тимур Ахметов", "rank-remove");
  await stage.page.waitForFunction(() => document.activeElement.dataset.testid === "rest-1");
  assert.deepEqual(await order(), ["1 Сардана Иванова", "2 Мария Корнеева"]);
  await deed("Мария Корнеева", "rank-up");
  const words = await cast();
  assert.match(words, /Мария Корнеева\s+Сардана Иванова\s+Без места: Тимур Ахметов, Ольга Вейс, Лесной/);
});

test("an order is dragged, and what was reviewed can be changed", options, async () => {
  await ballot(SEATS);
  for (const option of [0, 1, 2]) await stage.click(`rest-${option}`);
  const grips = await stage.page.$$('[data-testid="grip"]');
  const from = await grips[2].boundingBox();
  const to = await grips[0].boundingBox();
  await stage.page.mouse.move(from.x + 5, from.y + 10);
  await stage.page.mouse.down();
  await stage.page.mouse.move(to.x + 5, to.y, { steps: 8 });
  await stage.page.mouse.up();
  await stage.page.waitForFunction(() =>
    document.querySelector('[data-testid="ranked"]').innerText.includes("Ольга"),
  );
  assert.deepEqual(await order(), ["1 Ольга Вейс", "2 Мария Корнеева", "3 Тимур Ахметов"]);
  await stage.click("vote-review");
  await stage.click("vote-back");
  await stage.see("ranked");
  assert.deepEqual(await order(), ["1 Ольга Вейс", "2 Мария Корнеева", "3 Тимур Ахметов"]);
});

test("an order is made by touch in a narrow window", options, async () => {
  await stage.scene("member&motions=options", { width: 400, height: 760 });
  await stage.motion(SCHULZE);
  await (await stage.see("rest-3")).tap();
  await (await stage.see("rest-0")).tap();
  await (await stage.see("rank-down")).tap();
  assert.deepEqual(await order(), ["1 Мария Корнеева", "2 Лесной"]);
  assert.deepEqual(await stage.stumbles(), []);
});

test("abstaining puts the order aside, and it cannot be touched meanwhile", options, async () => {
  await ballot(SEATS);
  await stage.click("rest-4");
  await stage.click("choice-abstain");
  assert.match(await cast(), /Вы воздерживаетесь/);
});

test("options that look the same are told apart by their numbers", options, async () => {
  await stage.scene("member&motions=options&words=hostile");
  await stage.motion(ONE);
  assert.match(await stage.text("option-0"), /Вильнюс \(вариант 1\)/);
  assert.match(await stage.text("option-1"), /Вильнюс\uFFFD \(вариант 2\)/);
  await stage.click("option-2");
  assert.match(await cast(), /за вариант Тбилиси \uFFFDвиторп\uFFFD\*\./, "an asterisk stays one");
});

test("nothing failed on the page meanwhile", options, () => assert.deepEqual(stage.faults, []));
