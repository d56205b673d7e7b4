// Results of votes among options, each method as it was counted.

import assert from "node:assert/strict";
import { test } from "node:test";

import { options, staged } from "./stage.mjs";

const stage = staged();

async function result(index, more) {
  await stage.scene("member&motions=options", more);
  await stage.motion(index);
  await stage.see("result");
}

const cells = (testid) =>
  stage.page.$$eval(`[data-testid="${testid}"] tr`, (rows) =>
    rows.map((row) => [...row.cells].map((cell) => cell.innerText.trim())),
  );

test("one of many: the winner is big, and votes are sorted", options, async () => {
  await result(5);
  assert.equal(await stage.text("outcome"), "Прага");
  const rows = await stage.page.$$eval('dl [data-testid^="votes-"]', (all) =>
    all.map((row) => row.innerText.replace(/\s+/g, " ").trim()),
  );
  assert.deepEqual(rows, ["Прагавыбор собрания 21", "Вильнюс 12", "Берлин 6", "Тбилиси 4"]);
  const page = await stage.text("result");
  assert.match(page, /Воздержались 3\./);
  assert.match(page, /Подано 47 из 60/);
  assert.match(page, /Недействителен 1 бюллетень/);
  assert.deepEqual(await stage.stumbles(), []);
});

test("up to k: a tie is said, with what became of the seat", options, async () => {
  await result(6);
  assert.equal(await stage.text("outcome"), "Тимур Ахметов\nСардана Иванова");
  assert.match(await stage.text("tied"), /Поровну: Мария Корнеева и Лесной\. По уставу место .* пустым/);
  assert.deepEqual(await stage.stumbles(), []);
});

test("Schulze: classes and the table of pairs stand in the order that came out", options, async () => {
  await result(7);
  assert.equal(await stage.text("outcome"), "Сардана Иванова");
  assert.match(await stage.text("outcome-sentence"), /обошёл не каждого/);
  const table = await cells("pairs");
  assert.deepEqual(table[0], [
    "Вариант",
    "Сардана Иванова",
    "Мария Корнеева",
    "Ольга Вейс",
    "Тимур Ахметов",
    "Лесной",
  ]);
  assert.deepEqual(table[1], ["Сардана Иванова", "–", "23", "21", "27", "31"]);
  assert.deepEqual(table[2], ["Мария Корнеева", "22", "–", "26", "20", "30"]);
  assert.deepEqual(await stage.stumbles(), []);
});

test("transferable votes: every stage says what happened, with parts of votes", options, async () => {
  await result(8);
  assert.equal(await stage.text("outcome"), "Мария Корнеева\nОльга Вейс");
  const table = await cells("stages");
  assert.deepEqual(table[0].slice(1), [
    "Мария Корнеева",
    "Тимур Ахметов",
    "Ольга Вейс",
    "Лесной",
    "Некому перейти",
  ]);
  assert.deepEqual(table[1], [
    "1. Первые места в бюллетенях. Проходит: Мария Корнеева.",
    "61",
    "0",
    "18",
    "21",
    "0",
  ]);
  assert.deepEqual(table[2].slice(1), ["34", "17,7048", "22,86882", "21", "4,42638"]);
  assert.match(table[2][0], /Переходит лишнее у: Мария Корнеева/);
  assert.match(table[4][0], /Выбывает: Лесной; .* Проходит: Ольга Вейс/);
  assert.deepEqual(await stage.stumbles(), []);
});

test("transferable votes: numbers are written as the language writes them", options, async () => {
  await result(8, { language: "en" });
  assert.deepEqual((await cells("stages"))[2].slice(1), ["34", "17.7048", "22.86882", "21", "4.42638"]);
});

test("a wide table scrolls in its box and not the page", options, async () => {
  for (const index of [7, 8]) {
    await result(index, { width: 400, height: 760 });
    const wide = await stage.page.evaluate(() => {
      const box = document.querySelector('[data-testid="pairs"], [data-testid="stages"]');
      const body = document.querySelector("main .body");
      return { box: box.scrollWidth > box.clientWidth, page: body.scrollWidth > body.clientWidth };
    });
    assert.deepEqual(wide, { box: true, page: false });
  }
});

test("a roll-call says in words who voted what", options, async () => {
  await result(9);
  assert.equal(await stage.text("roll-call-1"), "Мария Корнеева; затем Лесной; затем Тимур Ахметов");
  assert.equal(await stage.text("roll-call-2"), "Мария Корнеева и Тимур Ахметов (наравне); затем Ольга Вейс");
  assert.equal(await stage.text("roll-call-7"), "Воздержался");
  assert.match(await stage.text("outcome-sentence"), /обошёл каждого/);
});

test("without a quorum nobody is elected, whatever the votes", options, async () => {
  await result(10);
  assert.equal(await stage.text("outcome"), "Выбор не сделан");
  assert.match(await stage.text("outcome-sentence"), /Кворума нет/);
  assert.doesNotMatch(await stage.text("votes-0"), /выбор собрания/);
  assert.match(await stage.text("unanimous"), /тайны этого голосования нет/);
});

test("the list says who was chosen", options, async () => {
  await stage.scene("member&motions=options");
  await stage.go("/motions");
  await stage.see("motion-row");
  const rows = await stage.texts("motion-row");
  assert.ok(rows.includes("Два делегата в Брюссель Выбор: Мария Корнеева и Ольга Вейс"), rows.join("\n"));
  assert.ok(rows.includes("День памяти Выбор не сделан"));
});

test("nothing failed on the page meanwhile", options, () => assert.deepEqual(stage.faults, []));
