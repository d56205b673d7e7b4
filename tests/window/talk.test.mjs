// Messages between two members, one of them in the window: answers, other words, reactions, mentions, taking back, the
// timer, the draft and the search.

import assert from "node:assert/strict";
import { test } from "node:test";

import { found, invite, opened, PASSPHRASE } from "./assembly.mjs";
import { until } from "./stage.mjs";

const ARROW_UP = "\uE013";
const here = opened("talk", { programs: ["veche-relay", "veche"] });
const { options, window } = here;
let timur;

/** The message of these words, as the other member has it. */
function heard(text, fits = () => true) {
  return until(`${timur.name} has ${JSON.stringify(text)}`, async () => {
    const { messages } = await timur.ask("read");
    return messages.find((message) => message.content.text === text && fits(message));
  });
}

/** Does what stands in the menu of the window's message with these words. */
async function inMenu(text, item) {
  await until(`the message ${JSON.stringify(text)} can be used`, () =>
    window.run(
      `const message = [...document.querySelectorAll("[data-testid=message]")]
         .find((one) => one.innerText.includes(arguments[0]));
       message?.querySelector("[data-testid=message-menu]")?.click();
       return message !== undefined;`,
      text,
    ),
  );
  await window.click(`menu-${item}`);
}

test("two members come together", options, async () => {
  await found(here, "Собрание двоих", "Мы говорим друг с другом.");
  timur = await invite(here, "Тимур");
  await until("he is in the plenary", async () => {
    await window.clickIfThere("endorse");
    const answer = await timur.ask("conversations").catch(() => null);
    return answer?.conversations[0]?.members === 2;
  });
});

test("an answer shows in both places what it answers", options, async () => {
  await timur.ask("send", { text: "Проект *готов*. @{1}, посмотрите?" });
  await window.click("rail-conversations");
  await window.shows("Проект готов. @Анна, посмотрите?");
  await inMenu("Проект готов", "answer");
  await window.see("composer-banner");
  await window.type("composer", "Посмотрю вечером, @Ти");
  await window.see("mentions");
  await window.enter("composer");
  await window.type("composer", "обещаю");
  await window.enter("composer");
  const answer = await heard("Посмотрю вечером, @{2} обещаю");
  assert.equal(answer.reply.name, "Тимур");
  assert.equal(answer.reply.excerpt, "Проект готов. @Анна, посмотрите?");
  assert.equal(answer.mentions_me, true);
  await window.see("quotation");
  await window.picture("talk-answer");
});

test("other words take the place of the first", options, async () => {
  await until("the field is empty", async () => (await window.value("composer")) === "");
  await window.type("composer", ARROW_UP);
  await window.see("composer-banner");
  assert.equal(await window.value("composer"), "Посмотрю вечером, @Тимур обещаю");
  await window.fill("composer", "Посмотрю завтра");
  await window.enter("composer");
  const changed = await heard("Посмотрю завтра");
  assert.ok(changed.edited, "he sees that it was changed");
  await window.see("edited");
});

test("reactions of both stand under the message", options, async () => {
  const { id } = await heard("Посмотрю завтра");
  await timur.ask("react", { message: id, emoji: "👍", take_back: false });
  await window.see("reaction", '[data-emoji="👍"][aria-pressed="false"]');
  await window.click("reaction");
  await window.see("reaction", '[data-emoji="👍"][aria-pressed="true"]');
  await heard("Посмотрю завтра", (message) => message.reactions[0]?.seats.length === 2);
  await window.picture("talk-reaction");
});

test("a draft outlives the lock", options, async () => {
  await window.type("composer", "Начатое слово");
  await window.click("rail-lock");
  await window.type("passphrase", PASSPHRASE);
  await window.click("unlock-button");
  await window.click("rail-conversations");
  await until("the draft is there", async () => (await window.value("composer")) === "Начатое слово");
  await window.enter("composer");
  await heard("Начатое слово");
});

test("what was said is found by the beginning of a word", options, async () => {
  await window.click("search-here");
  await window.type("search-field", "начат");
  assert.match(await window.text("found"), /Начатое слово/);
  await window.click("found");
  await window.see("message", " mark");
  await window.picture("talk-found");
  await window.click("search-close");
});

test("a message is taken back from everybody", options, async () => {
  await inMenu("Начатое слово", "take-back");
  await window.see("take-back-dialog");
  await window.picture("talk-take-back");
  await window.click("take-back");
  await window.shows("Вы отозвали это сообщение.");
  await until("he does not have it any more", async () => {
    const { messages } = await timur.ask("read");
    return messages.at(-1).content.kind === "deleted";
  });
  assert.deepEqual((await timur.ask("search", { text: "начатое" })).messages, []);
});

test("messages disappear for both when their time is over", options, async () => {
  await window.click("timer-open");
  await window.click("timer-other");
  await window.choose("timer-span-unit", "секунд");
  await window.type("timer-span", "10");
  await window.click("timer-save");
  await window.shows("новые сообщения теперь исчезают");
  await window.type("composer", "Ненадолго");
  await window.enter("composer");
  await heard("Ненадолго", (message) => message.over !== null);
  await window.see("over");
  await window.picture("talk-timer");
  await until("it is gone from the window", async () => !(await window.page()).includes("Ненадолго"));
  await until("it is gone from his vault", async () => {
    const { messages } = await timur.ask("read");
    return messages.every((message) => message.content.text !== "Ненадолго");
  });
});
