// Everything is done without a mouse, and one sees where one is.

import assert from "node:assert/strict";
import { test } from "node:test";

import { options, staged } from "./stage.mjs";

const stage = staged();

const press = (...keys) =>
  keys.reduce((before, key) => before.then(() => stage.page.keyboard.press(key)), Promise.resolve());
const focused = () =>
  stage.page.evaluate(
    () =>
      document.activeElement?.dataset.testid ??
      document.activeElement?.closest("[data-testid]")?.dataset.testid ??
      "",
  );

/** Goes on with Tab until the control is reached, and looks at the focus on every step. */
async function tabTo(testid) {
  for (let step = 0; step < 60; step += 1) {
    await press("Tab");
    const ring = await stage.page.evaluate(() => {
      const at = document.activeElement;
      if (!at || at === document.body) return true;
      // Segmented choices and large rows show the focus of the input within them.
      return [at, at.nextElementSibling, at.closest("label")]
        .filter((element) => element !== null)
        .some((element) => getComputedStyle(element).outlineStyle !== "none");
    });
    assert.ok(ring, `the focus is seen at ${await focused()}`);
    if ((await focused()) === testid) return;
  }
  assert.fail(`Tab never comes to ${testid}`);
}

test("a vault is created and an invitation is read", options, async () => {
  await stage.scene("absent");
  await stage.see("passphrase");
  assert.equal(await focused(), "passphrase", "one may begin to write");
  await stage.page.keyboard.type("anchor lantern quiet meadow violin harbour");
  await tabTo("passphrase-again");
  await stage.page.keyboard.type("anchor lantern quiet meadow violin harbour");
  await press("Enter");
  await stage.see("join-form");
  await tabTo("invitation-link");
  await stage.page.keyboard.type("veche:join/abc");
  await stage.see("invitation-read");
  await tabTo("member-name");
  await stage.page.keyboard.type("Анна");
  await tabTo("join");
  await press("Enter");
  await stage.see("standing");
});

test("a vote is cast", options, async () => {
  await stage.scene("member");
  await stage.see("rail-motions");
  await stage.hold("Control", "2");
  await stage.see("motion-row");
  await tabTo("motion-row");
  await press("Enter");
  await stage.see("motion");
  await tabTo("choice-for");
  await press("Space");
  await tabTo("vote-review");
  await press("Enter");
  await stage.see("review");
  assert.equal(
    await focused(),
    "review",
    "the sentence is before the eyes, and nothing is pressed by the same key",
  );
  await press("Enter");
  assert.equal(await stage.page.$('[data-testid="own-vote"]'), null);
  await tabTo("vote-confirm");
  await press("Enter");
  await stage.see("own-vote");
});

test("a motion is proposed, and its page is there before the journal has it", options, async () => {
  await stage.scene("member");
  await stage.go("/motions/new");
  await stage.see("motion-title");
  assert.equal(await focused(), "motion-title");
  await stage.page.keyboard.type("О регламенте");
  await tabTo("propose");
  await press("Enter");
  await stage.see("motion-coming");
  await stage.see("motion", '[data-phase="proposed"]');
});

test("a ballot is handed to a colleague, and the dialog gives the focus back", options, async () => {
  await stage.scene("member&vote=stuck");
  await stage.motion(0);
  await tabTo("carry-open");
  await press("Enter");
  await tabTo("carry-show");
  await press("Enter");
  await stage.see("carried-ballot");
  assert.equal(await focused(), "carried-ballot-copy");
  await press("Escape");
  await stage.page.waitForFunction(() => document.querySelector("dialog") === null);
  assert.equal(await focused(), "carry-open");
});

test("a colleague's ballot is posted", options, async () => {
  await stage.scene("member");
  await stage.motion(0);
  await tabTo("forward-open");
  await press("Enter");
  await tabTo("forward-ballot");
  await stage.page.keyboard.type("8301");
  await tabTo("forward");
  await press("Enter");
  await stage.see("forwarded", '[data-done="true"]');
});

test("a member is reported as detained, and the dialog can be left", options, async () => {
  await stage.scene("member");
  await stage.go("/members/2");
  await tabTo("detain-open");
  await press("Enter");
  await stage.see("detain");
  await press("Escape");
  await stage.page.waitForFunction(() => document.querySelector("dialog") === null);
  assert.equal(await focused(), "detain-open");
});

test("the list of commands is opened, searched and left", options, async () => {
  await stage.scene("member");
  await stage.see("rail-motions");
  await stage.hold("Control", "k");
  await stage.see("commands");
  await stage.page.keyboard.type("Файл");
  await press("Enter");
  await stage.see("export-form");
});

test("the vault is locked at once", options, async () => {
  await stage.scene("member");
  await stage.see("rail-motions");
  await stage.hold("Control", "l");
  await stage.see("unlock");
  assert.equal(await focused(), "passphrase");
});

test("the text grows and shrinks", options, async () => {
  await stage.scene("member");
  await stage.see("rail-motions");
  const size = () =>
    stage.page.evaluate(() => parseFloat(getComputedStyle(document.documentElement).fontSize));
  const before = await size();
  await stage.hold("Control", "+");
  assert.ok((await size()) > before);
  await stage.hold("Control", "-");
  assert.equal(await size(), before);
});

test("where list and page take turns the focus follows the eyes", options, async () => {
  await stage.scene("member", { width: 400, height: 760 });
  await stage.go("/motions");
  await tabTo("motion-row");
  await press("Enter");
  await stage.see("motion");
  const seen = () =>
    stage.page.waitForFunction(
      () => document.activeElement !== document.body && document.activeElement.checkVisibility(),
    );
  await seen();
  await tabTo("back");
  await press("Enter");
  await seen();
});

test("nothing failed on the page meanwhile", options, () => assert.deepEqual(stage.faults, []));
