// A ballot that the box refuses: shown to its voter, pasted by a colleague.

import assert from "node:assert/strict";
import { test } from "node:test";

import { options, staged } from "./stage.mjs";

const stage = staged();

const absent = (testid) => stage.page.$(`[data-testid="${testid}"]`).then((found) => found === null);

test("a ballot that still waits for its moment is not offered", options, async () => {
  await stage.scene("member&vote=prepared");
  await stage.motion(0);
  await stage.see("own-vote", '[data-state="prepared"]');
  assert.ok(await absent("ballot-stuck"));
});

test("a ballot that the box should have is offered, and who learns what is said first", options, async () => {
  await stage.scene("member&vote=stuck");
  await stage.motion(0);
  assert.match(await stage.text("ballot-stuck"), /не приняла/);
  await stage.click("carry-open");
  await stage.see("carry-show");
  const dialog = await stage.page.$eval("dialog", (element) => element.innerText);
  assert.match(dialog, /узнает, что бюллетень ваш/);
  assert.match(dialog, /пленарный разговор/);
  assert.ok(await absent("carried-ballot"), "nothing is shown before it is asked for");
  await stage.click("carry-show");
  const ballot = await (await stage.see("carried-ballot")).evaluate((field) => field.value);
  assert.match(ballot, /^[0-9a-f]{1000,}$/);
});

test("the page forgets the ballot when the dialog is closed", options, async () => {
  await stage.click("dialog-close");
  await stage.page.waitForFunction(() => document.querySelector("dialog") === null);
  assert.ok(await absent("carried-ballot"));
  assert.ok(!(await stage.page.content()).match(/[0-9a-f]{1000,}/));
  await stage.click("carry-open");
  await stage.see("carry-show");
  assert.ok(await absent("carried-ballot"));
});

test("a colleague pastes it, however its line was broken", options, async () => {
  await stage.scene("member");
  await stage.motion(0);
  await stage.click("forward-open");
  await stage.paste("forward-ballot", " 8301\n5820 FF \n");
  await stage.click("forward");
  await stage.see("forwarded", '[data-done="true"]');
  assert.equal(await (await stage.see("forward-ballot")).evaluate((field) => field.value), "");
});

test("what is no ballot is said to be none before anything is sent", options, async () => {
  await stage.paste("forward-ballot", "8301zz");
  assert.match(await stage.text("forward-form"), /Это не бюллетень/);
  assert.ok(await (await stage.see("forward")).evaluate((button) => button.disabled));
  await stage.paste("forward-ballot", "830");
  assert.match(await stage.text("forward-form"), /Это не бюллетень/);
});

test("nobody forwards their own ballot", options, async () => {
  await stage.scene("member&vote=stuck");
  await stage.motion(0);
  await stage.click("carry-open");
  await stage.click("carry-show");
  const ballot = await (await stage.see("carried-ballot")).evaluate((field) => field.value);
  await stage.click("dialog-close");
  await stage.page.waitForFunction(() => document.querySelector("dialog") === null);
  await stage.click("forward-open");
  await stage.paste("forward-ballot", ballot);
  await stage.click("forward");
  await stage.see("refusal", '[data-code="not_allowed"]');
  assert.match(await stage.text("refusal"), /Свой отдайте коллеге/);
});

test("a roll-call has no ballots to carry", options, async () => {
  await stage.scene("member");
  await stage.motion(4);
  assert.ok(await absent("forward-open"));
});

test("nothing failed on the page meanwhile", options, () => assert.deepEqual(stage.faults, []));
