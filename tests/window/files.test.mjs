// What two members have of each other besides words, one of them in the window: a picture and a document each way, that
// words arrived and were read, a group's name, and the safety number.

import assert from "node:assert/strict";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { deflateSync } from "node:zlib";

import { found, invite, opened } from "./assembly.mjs";
import { until } from "./stage.mjs";

const here = opened("files", { programs: ["veche-relay", "veche"], timeout: 240_000 });
const { options, stage, window } = here;
let timur;
let group;

/** The message of the plenary, or of a conversation, that brings a file of this name, as the other member has it. */
function brought(name, fits = () => true, conversation = undefined) {
  return until(`${timur.name} has ${name}`, async () => {
    const { messages } = await timur.ask("read", { conversation });
    return messages.find(({ content }) => content.kind === "attachment" && content.name === name && fits(content));
  });
}

/** Puts a file to what is being written in the window. */
async function attach(path) {
  await window.click("attach-open");
  await window.type("attach-path", path);
  await window.click("attach");
  await window.see("attached-file");
}

/** Waits until the window's file of this name is in a state. */
function standing(name, state) {
  return until(`${name} is ${state} in the window`, () =>
    window.run(
      `return [...document.querySelectorAll("[data-testid=attachment]")]
         .some((one) => one.innerText.includes(arguments[0]) && one.dataset.transfer === arguments[1]);`,
      name,
      state,
    ),
  );
}

/** Presses what is in the window's file of this name. */
function press(name, testid) {
  return until(`${testid} of ${name} can be pressed`, () =>
    window.run(
      `const file = [...document.querySelectorAll("[data-testid=attachment]")]
         .find((one) => one.innerText.includes(arguments[0]));
       const button = file?.querySelector(\`[data-testid="\${arguments[1]}"]\`);
       button?.click();
       return button != null;`,
      name,
      testid,
    ),
  );
}

/** A picture of one colour, written down as PNG. */
function png(width, height) {
  const table = Array.from({ length: 256 }, (_, index) => {
    let rest = index;
    for (let bit = 0; bit < 8; bit += 1) rest = rest & 1 ? (rest >>> 1) ^ 0xedb88320 : rest >>> 1;
    return rest >>> 0;
  });
  const crc = (bytes) => {
    let rest = 0xffffffff;
    for (const byte of bytes) rest = table[(rest ^ byte) & 255] ^ (rest >>> 8);
    return (rest ^ 0xffffffff) >>> 0;
  };
  const chunk = (kind, bytes) => {
    const body = Buffer.concat([Buffer.from(kind), bytes]);
    const [length, sum] = [Buffer.alloc(4), Buffer.alloc(4)];
    length.writeUInt32BE(bytes.length);
    sum.writeUInt32BE(crc(body));
    return Buffer.concat([length, body, sum]);
  };
  const head = Buffer.alloc(13);
  head.writeUInt32BE(width, 0);
  head.writeUInt32BE(height, 4);
  head.set([8, 2, 0, 0, 0], 8);
  const line = Buffer.concat([Buffer.from([0]), Buffer.alloc(width * 3, Buffer.from([27, 90, 160]))]);
  const points = Buffer.concat(Array.from({ length: height }, () => line));
  return Buffer.concat([
    Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]),
    chunk("IHDR", head),
    chunk("tEXt", Buffer.from("Location\0 55.75, 37.61")),
    chunk("IDAT", deflateSync(points)),
    chunk("IEND", Buffer.alloc(0)),
  ]);
}

test("two members come together", options, async () => {
  await found(here, "Собрание двоих", "Мы показываем друг другу бумаги.");
  timur = await invite(here, "Тимур");
  await until("he is in the plenary", async () => {
    await window.clickIfThere("endorse");
    const answer = await timur.ask("conversations").catch(() => null);
    return answer?.conversations[0]?.members === 2;
  });
});

test("a document goes from the window with words, and comes out as it was", options, async () => {
  const path = join(stage.folder, "протокол.txt");
  const bytes = Buffer.from("Присутствовали двое.\n".repeat(20_000));
  writeFileSync(path, bytes);
  await window.click("rail-conversations");
  await attach(path);
  assert.match(await window.text("attached-warning"), /остаются имя автора/);
  await window.type("composer", "Протокол");
  await window.picture("files-composer");
  await window.click("send");
  await standing("протокол.txt", "here");
  const { id, content } = await brought("протокол.txt");
  assert.equal(content.text, "Протокол");
  assert.equal(content.media, "file");
  assert.equal(content.transfer.state, "offered", "nothing is fetched before one asks");
  await timur.ask("fetch", { message: id });
  await brought("протокол.txt", ({ transfer }) => transfer.state === "here");
  const saved = join(stage.folder, "saved.txt");
  await timur.ask("save_attachment", { message: id, path: saved });
  assert.deepEqual(readFileSync(saved), bytes);
});

test("a picture is fetched in the window, looked at, and saved", options, async () => {
  const path = join(stage.folder, "зал.png");
  const bytes = png(900, 600);
  writeFileSync(path, bytes);
  await timur.ask("attach", { path, text: "Вид на зал" });
  await standing("зал.png", "offered");
  await press("зал.png", "fetch");
  await standing("зал.png", "here");
  await press("зал.png", "thumbnail");
  await window.see("viewer-picture");
  const drawn = await until("the picture is drawn", () =>
    window.run("return document.querySelector('[data-testid=viewer-picture]').naturalWidth"),
  );
  assert.equal(drawn, 900, "the policy lets data be shown");
  await window.picture("files-viewer");
  await window.click("viewer-save");
  const saved = join(stage.folder, "saved.png");
  await window.fill("save-path", saved);
  await window.click("save");
  await window.see("saved");
  const written = readFileSync(saved);
  assert.ok(written.length > 0);
  assert.equal(written.includes("Location"), false, "it says nothing of where it was made");
  await window.click("save-done");
  await window.run("document.querySelector('[data-testid=dialog-close]')?.click()");
});

test("what cannot be read is refused before anything is sent", options, async () => {
  await window.click("attach-open");
  await window.type("attach-path", join(stage.folder, "nothing-here.pdf"));
  await window.click("attach");
  // The window says it at once; where it cannot look, whoever sends does.
  if (await window.run("return document.querySelector('[data-testid=attached-file]') !== null")) {
    await window.click("send");
  }
  await window.see("refusal", '[data-code="cannot_read"]');
  await window.run("document.querySelector('[data-testid=dialog-close]')?.click()");
  await window.clickIfThere("detach");
});

test("a group is renamed, and both are told", options, async () => {
  await window.click("begin-open");
  await window.click("begin-group");
  await window.type("group-name", "Бюджет");
  const { members } = await timur.ask("members");
  await window.click(`pick-${members.find(({ own }) => own).seat}`);
  await window.click("begin");
  group = await until("he is in the group", async () => {
    const { conversations } = await timur.ask("conversations");
    return conversations.find(({ kind }) => kind === "group");
  });
  await until("both are in it", async () => (await window.page()).includes("Теперь здесь: Тимур"));
  await window.click("about-open");
  await window.click("rename-open");
  await window.fill("rename-name", "Бюджет на год");
  await window.click("rename");
  await until("he has the name", async () => {
    const { conversations } = await timur.ask("conversations");
    return conversations.find(({ id }) => id === group.id)?.title === "Бюджет на год";
  });
  await until("the page has it", async () => (await window.text("about-name")) === "Бюджет на год");
  await window.click("about-open");
  await window.see("renamed");
  await window.picture("files-renamed");
});

test("the window learns that its words arrived, and that they were read where that is told", options, async () => {
  await timur.ask("arrange", { conversation: group.id, receipts: "read" });
  await window.type("composer", "Дошло ли это?");
  await window.enter("composer");
  await until("he has the words", async () => {
    const { messages } = await timur.ask("read", { conversation: group.id, mark_read: true });
    return messages.some(({ content }) => content.text === "Дошло ли это?");
  });
  const last = (what) =>
    window.run(
      `const all = document.querySelectorAll("[data-testid=message-state]");
       return Number(all[all.length - 1]?.dataset[arguments[0]] ?? 0);`,
      what,
    );
  await until("it arrived with one", async () => (await last("arrived")) === 1, 180_000);
  await until("one has read it", async () => (await last("read")) === 1, 180_000);
  await window.picture("files-receipts");
});

test("both see the same safety number, and it is marked", options, async () => {
  const { members } = await timur.ask("members");
  const [own, other] = [members.find(({ own }) => own), members.find(({ own }) => !own)];
  await window.click("rail-members");
  await window.run(
    `[...document.querySelectorAll('[data-testid="member-row"]')]
       .find((row) => row.innerText.includes(arguments[0])).click();`,
    timur.name,
  );
  const shown = (await window.text("safety-digits")).replace(/\s+/g, "");
  const { digits } = await timur.ask("safety_number", { seat: other.seat });
  assert.equal(shown, digits);
  assert.match(digits, /^\d{60}$/);
  assert.ok(
    await window.run("return document.querySelector('[data-testid=safety-qr]').naturalWidth > 0"),
    "the code is drawn",
  );
  await window.click("safety-mark");
  await window.see("verified");
  await window.picture("files-safety");
  assert.equal(own.verified, false, "one does not compare with oneself");
});
