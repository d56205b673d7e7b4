// Founding the plenary anew: proposed, signed, and what is shown until one is in it.

import assert from "node:assert/strict";
import { test } from "node:test";

import { options, staged } from "./stage.mjs";

const stage = staged();

async function about(scene = "", how = {}) {
  await stage.scene(`member${scene}`, how);
  await stage.click("conversation-plenary");
  await stage.click("about-open");
  await stage.see("about");
}
const none = async (testid) => assert.equal(await stage.page.$(`[data-testid="${testid}"]`), null, testid);

test("a deputy proposes once it was said what that means", options, async () => {
  await about();
  assert.match(await stage.text("about-anew"), /крайнее средство/);
  await stage.click("anew-open");
  const words = await stage.text("anew-dialog");
  assert.match(words, /Прежний закончится/);
  assert.match(words, /подпишут 3 депутата/);
  assert.deepEqual(await stage.stumbles(), []);
  await stage.click("anew-sign");
  await stage.gone("anew-dialog");
  const proposal = await stage.text("anew-proposal");
  assert.match(proposal, /Подписей: 1 из 3/);
  assert.match(proposal, /Вы подписали/);
  await none("anew-open");
  await none("banner-anew");
});

test("who is asked to sign is told wherever they are, and signs what they have read", options, async () => {
  await stage.scene("member&anew=proposed", { language: "en", width: 420 });
  await stage.go("/motions");
  assert.match(await stage.text("banner-anew"), /proposes to found the plenary anew/);
  await stage.click("banner-anew-look");
  await stage.see("about");
  assert.match(await stage.text("anew-proposal"), /Signed: 1 of 3/);
  await stage.click("anew-sign-open");
  await stage.click("anew-sign");
  await stage.gone("anew-dialog");
  assert.match(await stage.text("anew-proposal"), /You have signed/);
  await stage.gone("banner-anew");
  const sideways = await stage.page.evaluate(() => document.documentElement.scrollWidth > innerWidth);
  assert.equal(sideways, false, "it is not wider than the window");
  assert.deepEqual(await stage.stumbles(), []);
});

test("who is no deputy is asked for nothing, and sees what is proposed", options, async () => {
  await about("&anew=proposed&role=expert");
  assert.match(await stage.text("anew-proposal"), /Подписей: 1 из 3/);
  await none("anew-sign-open");
  await none("anew-open");
  await none("banner-anew");
});

test("until this device is in the new plenary it says who brings it there", options, async () => {
  await about("&anew=coming");
  const words = await stage.text("about-anew");
  assert.match(words, /Основан заново/);
  assert.match(words, /приведёт всех/);
  await about("&anew=done");
  assert.doesNotMatch(await stage.text("about-anew"), /приведёт всех/);
});
