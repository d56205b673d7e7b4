// A motion with several options is proposed.

import assert from "node:assert/strict";
import { test } from "node:test";

import { options, staged } from "./stage.mjs";

const stage = staged();

const absent = (testid) => stage.page.$(`[data-testid="${testid}"]`).then((found) => found === null);

async function begin(method, more = "") {
  await stage.scene(`member&motions=options${more}`);
  await stage.go("/motions/new");
  await stage.type("motion-title", "Где провести съезд");
  await stage.click(`method-${method}`);
  await stage.see("option");
}

/** Pastes into the option that has the focus. */
function paste(text) {
  return stage.page.evaluate((words) => {
    const clipboardData = new DataTransfer();
    clipboardData.setData("text/plain", words);
    document.activeElement.dispatchEvent(
      new ClipboardEvent("paste", { clipboardData, bubbles: true, cancelable: true }),
    );
  }, text);
}

async function write(...texts) {
  await (await stage.see("option")).focus();
  for (const [index, text] of texts.entries()) {
    if (index > 0) await stage.press("Enter");
    await stage.page.waitForFunction(
      (at) => document.activeElement === document.querySelectorAll('[data-testid="option"]')[at],
      {},
      index,
    );
    await stage.page.keyboard.type(text);
  }
}

test("for or against needs no options, and chooses its majority", options, async () => {
  await stage.scene("member");
  await stage.go("/motions/new");
  await stage.see("majority");
  assert.ok(await absent("option"));
});

test("options are written by keys alone, and the motion has them in that order", options, async () => {
  await stage.scene("member&motions=options");
  await stage.go("/motions/new");
  await stage.type("motion-title", "Где провести съезд");
  await stage.tabTo("method-for_against_abstain");
  await stage.press("ArrowDown");
  await stage.see("option");
  assert.ok(await absent("majority"), "several options have no majority to choose");
  assert.match(await stage.text("decision"), /больше всего голосов/);
  await stage.tabTo("option");
  await stage.page.keyboard.type("Прага");
  await stage.press("Enter");
  await stage.page.keyboard.type("Тбилиси");
  await stage.press("Enter");
  await stage.page.keyboard.type("Вильнюс");
  await stage.page.keyboard.down("Alt");
  await stage.press("ArrowUp");
  await stage.page.keyboard.up("Alt");
  assert.deepEqual(await stage.texts("option"), ["Прага", "Вильнюс", "Тбилиси"]);
  await stage.tabTo("propose");
  await stage.press("Enter");
  await stage.see("motion", '[data-phase="proposed"]');
  assert.equal(await stage.text("options"), "Прага\nВильнюс\nТбилиси");
});

test("a row is moved, said and removed with buttons that keep the focus", options, async () => {
  await begin("schulze");
  await write("Прага", "Тбилиси", "Вильнюс");
  await stage.page.evaluate(() => document.querySelectorAll('[data-testid="option-up"]')[2].focus());
  await stage.press("Enter", "Enter", "Enter");
  assert.deepEqual(await stage.texts("option"), ["Вильнюс", "Прага", "Тбилиси"]);
  assert.equal(await stage.focused(), "option-up");
  assert.match(await stage.text("options-said"), /в строке 1 из 3/);
  await stage.tabTo("option-remove");
  await stage.press("Enter");
  await stage.page.waitForFunction(() => document.querySelectorAll('[data-testid="option"]').length === 2);
  assert.deepEqual(await stage.texts("option"), ["Прага", "Тбилиси"]);
  assert.equal(await stage.focused(), "option");
});

test("a row is dragged", options, async () => {
  await begin("schulze");
  await write("Прага", "Тбилиси", "Вильнюс");
  const grips = await stage.page.$$('[data-testid="grip"]');
  const from = await grips[0].boundingBox();
  const to = await grips[2].boundingBox();
  await stage.page.mouse.move(from.x + 5, from.y + 10);
  await stage.page.mouse.down();
  await stage.page.mouse.move(to.x + 5, to.y + to.height, { steps: 8 });
  await stage.page.mouse.up();
  await stage.page.waitForFunction(
    () => document.querySelectorAll('[data-testid="option"]')[2].value === "Прага",
  );
  assert.deepEqual(await stage.texts("option"), ["Тбилиси", "Вильнюс", "Прага"]);
});

test("a pasted list becomes rows", options, async () => {
  await begin("transferable");
  await (await stage.see("option")).focus();
  await paste("1. Прага\n2. Тбилиси\n3. Вильнюс\n");
  await stage.page.waitForFunction(() => document.querySelectorAll('[data-testid="option"]').length === 3);
  assert.deepEqual(await stage.texts("option"), ["Прага", "Тбилиси", "Вильнюс"]);
  assert.match(await stage.text("options-said"), /Вставлено 3 варианта/);
});

test("what is repeated or empty is said next to the row before anything is sent", options, async () => {
  await begin("one_of_many");
  await write("Прага", "прага");
  assert.match(await stage.text("option-fault"), /в строке 1/);
  await stage.click("propose");
  assert.equal(await stage.focused(), "option", "one may mend it at once");
  await stage.page.evaluate(() => document.activeElement.select());
  await stage.press("Backspace");
  await stage.click("propose");
  await stage.page.waitForFunction(() =>
    document.querySelector('[data-testid="option-fault"]')?.innerText.includes("Впишите"),
  );
  assert.deepEqual(await stage.stumbles(), []);
});

test("how many may be marked and elected has limits that are said", options, async () => {
  await begin("up_to_k");
  await write("Прага", "Тбилиси", "Вильнюс");
  await stage.page.evaluate(() => document.querySelector('[data-testid="seats"]').select());
  await stage.type("seats", "3");
  assert.equal(await (await stage.see("seats")).evaluate((field) => field.ariaInvalid), "true");
  await stage.click("propose");
  assert.equal(await stage.focused(), "seats");
  await stage.page.evaluate(() => document.querySelector('[data-testid="seats"]').select());
  await stage.type("seats", "2");
  assert.match(await stage.text("decision"), /Отметить можно до 2 вариантов\. Побеждают 2 варианта/);
  await stage.click("propose");
  await stage.see("motion", '[data-phase="proposed"]');
});

test("who orders many options in secret is told what that shows", options, async () => {
  await begin("schulze");
  await write("А", "Б", "В", "Г", "Д", "Е");
  assert.ok(await absent("recognised"));
  await stage.press("Enter");
  await stage.page.keyboard.type("Ж");
  assert.match(await stage.text("recognised"), /почти как подпись/);
  await stage.click("kind-roll_call");
  assert.ok(await absent("recognised"), "in a roll-call nothing is hidden");
});

test("the draft waits while one looks elsewhere, and goes when one cancels or locks", options, async () => {
  await begin("transferable");
  await write("Прага", "Тбилиси", "Вильнюс");
  const drafted = ["Прага", "Тбилиси", "Вильнюс"];
  await stage.go("/members");
  await stage.page.waitForFunction(() => document.querySelector('[data-testid="option"]') === null);
  await stage.go("/motions/new");
  await stage.see("option");
  assert.deepEqual(await stage.texts("option"), drafted);
  assert.equal(
    await (await stage.see("motion-title")).evaluate((field) => field.value),
    "Где провести съезд",
  );
  await stage.click("propose-cancel");
  await stage.go("/motions/new");
  await stage.see("motion-title");
  assert.ok(await absent("option"));
  await stage.type("motion-title", "Тайна");
  await stage.page.keyboard.down("Control");
  await stage.press("l");
  await stage.page.keyboard.up("Control");
  await stage.type("passphrase", "anything");
  await stage.press("Enter");
  await stage.go("/motions/new");
  assert.equal(await (await stage.see("motion-title")).evaluate((field) => field.value), "");
});

test("what the backend refuses is said here, and the draft stays", options, async () => {
  await begin("one_of_many", "&refuse=propose");
  await write("Прага", "Тбилиси");
  await stage.click("propose");
  await stage.see("refusal", '[data-code="bad_request"]');
  assert.deepEqual(await stage.texts("option"), ["Прага", "Тбилиси"]);
});

test("nothing failed on the page meanwhile", options, () => assert.deepEqual(stage.faults, []));
