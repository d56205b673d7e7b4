// Files: how they are put to a message, how they go and come, and how pictures are looked at.

import assert from "node:assert/strict";
import { test } from "node:test";

import { options, staged } from "./stage.mjs";
import { Talk } from "./talk.mjs";

const stage = staged();
const talk = new Talk(stage);

/** Puts a file to what is being written, by its path. */
async function attach(path) {
  await stage.click("attach-open");
  await stage.type("attach-path", path);
  await stage.press("Enter");
}
const drop = (kind, ...paths) =>
  stage.page.evaluate((drop) => globalThis.fakeDrop(drop), paths.length > 0 ? { kind, paths } : { kind });
/** How the file's transfer stands in the message with these words. */
const transfer = async (text) => {
  const message = await talk.message(text);
  return message.$eval('[data-testid="attachment"]', (one) => one.dataset.transfer);
};

test("a file is named by its path, and what it carries is said before it goes", options, async () => {
  await talk.open("");
  await attach("'/home/anna/обращение.pdf'");
  await stage.see("attached");
  assert.match(await stage.text("attached-file"), /обращение\.pdf\s+242 КБ/);
  assert.match(await stage.text("attached-warning"), /остаются имя автора, правки/);
  assert.equal(await stage.focused(), "composer");
  await stage.page.keyboard.type("Итоговый текст");
  await stage.press("Enter");
  await stage.gone("attached");
  const { content } = await talk.newest();
  assert.equal(content.kind, "attachment");
  assert.equal(content.name, "обращение.pdf");
  assert.equal(content.text, "Итоговый текст");
  assert.equal(await talk.value(), "");
  await talk.until(async () => (await transfer("Итоговый текст")) === "here");
});

test("several files go one by one, and the words with the first", options, async () => {
  await talk.open("");
  await talk.write("Снимки");
  await drop("over");
  assert.match(await stage.text("drop"), /Пленарный разговор/);
  await drop("dropped", "/home/anna/DSC_0412.jpg", "file:///home/anna/DSC%200413.jpg");
  await stage.gone("drop");
  assert.equal((await stage.texts("attached-file")).length, 2);
  assert.equal(
    await stage.page.$('[data-testid="attached-warning"]'),
    null,
    "pictures lose what cameras write",
  );
  await stage.click("send");
  await stage.gone("attached");
  const [first, second] = await stage.page.evaluate(() => globalThis.fakeTalk.messages.slice(-2));
  assert.deepEqual([first.content.name, first.content.text], ["DSC_0412.jpg", "Снимки"]);
  assert.deepEqual([second.content.name, second.content.text], ["DSC 0413.jpg", ""]);
});

test("what cannot be read or is too large is said, and nothing is put there", options, async () => {
  await talk.open("");
  await attach("/home/anna/missing.pdf");
  assert.match(await stage.text("refusal"), /не читается/);
  await stage.press("Escape");
  await drop("dropped", "/home/anna/huge.mov");
  assert.match(await stage.text("refusal"), /слишком велик/);
  assert.equal(await stage.page.$('[data-testid="attached"]'), null);
});

test("a file that was put there by mistake is taken away, and words change without it", options, async () => {
  await talk.open("talk=rich");
  await attach("/home/anna/план.odt");
  await stage.click("detach");
  await stage.gone("attached");
  assert.equal(await stage.focused(), "composer");
  await attach("/home/anna/план.odt");
  await talk.act("Тогда до завтра", "message-menu");
  await stage.click("menu-edit");
  await stage.gone("attached");
  await stage.press("Escape");
  await stage.see("attached");
});

test("sending is shown and can be given up", options, async () => {
  await talk.open("transfer=slow");
  await talk.write("Большой файл");
  await drop("dropped", "/home/anna/DSC_0412.jpg");
  await stage.click("send");
  await talk.until(async () =>
    /1,7 МБ из 3,3 МБ/.test((await talk.within("Большой файл", '[data-testid="file-size"]'))[0]),
  );
  const bar = await stage.page.$eval('[data-testid="transfer"]', (one) => one.value / one.max);
  assert.ok(bar > 0.4 && bar < 0.6);
  await talk.act("Большой файл", "cancel-transfer");
  await talk.until(async () => !(await stage.text("messages")).includes("Большой файл"));
});

test("a file is fetched when it is asked for, not before", options, async () => {
  await talk.open("talk=files");
  assert.equal(await transfer("протокол заседания"), "offered");
  await talk.act("протокол заседания", "fetch");
  await talk.until(async () => (await transfer("протокол заседания")) === "here");
  await talk.act("протокол заседания", "save-open");
  await stage.see("save-form");
  const path = await stage.page.$eval('[data-testid="save-path"]', (field) => field.value);
  assert.equal(path, "/home/anna/Documents/протокол заседания комиссии от 12 октября, с приложениями.docx");
  await stage.click("save");
  assert.match(await stage.text("saved"), /Сохранено: .*82 КБ/);
  await stage.click("save-done");
  await talk.act("протокол заседания", "save-open");
  await stage.see("save-path");
  await talk.until(() => stage.page.$eval('[data-testid="save-path"]', (field) => field.value !== ""));
  await stage.click("save");
  assert.match(await stage.text("refusal"), /уже есть/);
});

test("what failed goes on, what is gone says what to do", options, async () => {
  await talk.open("talk=files");
  assert.match((await talk.within("смета.xlsx", '[data-testid="transfer-note"]'))[0], /Загрузите снова/);
  assert.match((await talk.within("смета.xlsx", '[data-testid="file-size"]'))[0], /загружено 20 КБ/);
  await talk.act("смета.xlsx", "fetch");
  await talk.until(async () => (await transfer("смета.xlsx")) === "here");
  assert.match((await talk.within("черновик-2", '[data-testid="transfer-note"]'))[0], /Попросите автора/);
  // The relay may have it after all: one can ask again, and is told the same if it has not.
  await talk.act("черновик-2", "fetch");
  await talk.until(async () => (await transfer("черновик-2")) === "fetching");
  await talk.until(async () => (await transfer("черновик-2")) === "gone");
});

test(
  "pictures are looked at one after the other with the keys, and the focus comes back",
  options,
  async () => {
    await talk.open("talk=files");
    await talk.act("Вид на зал", "thumbnail");
    await stage.see("viewer-picture");
    const source = await stage.page.$eval('[data-testid="viewer-picture"]', (image) => image.src);
    assert.match(source, /^data:image\/png;base64,/);
    assert.match(await stage.text("viewer"), /Мария Корнеева/);
    await stage.press("ArrowRight");
    await talk.until(async () => (await stage.text("viewer")).includes("Анна Петрова"));
    await stage.press("Escape");
    await stage.gone("viewer");
    assert.match(await talk.focusedText(), /Вид на зал/);
  },
);

test("nothing is loaded but what is in the answer, and nobody stumbles", options, async () => {
  await talk.open("talk=files");
  const sources = await stage.page.$$eval("img", (all) => all.map((image) => image.src.slice(0, 22)));
  assert.ok(sources.length >= 3);
  assert.deepEqual([...new Set(sources)], ["data:image/png;base64,"]);
  assert.deepEqual(await stage.stumbles(), []);
  await talk.act("Вид на зал", "thumbnail");
  await stage.see("viewer-picture");
  assert.deepEqual(await stage.stumbles(), []);
});

test("nothing failed on the page meanwhile", options, () => {
  assert.deepEqual(stage.faults, []);
});
