// Devices of one's own: one is linked, compared and let in, or is not; one is removed; a further one is told what it is; and a
// new vault comes in as one.

import assert from "node:assert/strict";
import { test } from "node:test";

import decodeQR from "qr/decode.js";

import { options, staged } from "./stage.mjs";

const stage = staged();
const CODE = "48210 93755";
const NARROW = { width: 360, height: 760 };
const DEVICE_LINK = "veche:device/h4v8p1c6z0";
const INVITATION = "veche:join/q7m2x9v4k1";

/** The list of devices of a scene. */
async function devices(scene = "devices=some", view) {
  await stage.scene(`member&${scene}`, view);
  await stage.go("/settings/devices");
  await stage.see("devices");
}
const fake = (name, ...values) =>
  stage.page.evaluate((method, given) => globalThis.fakeDevices[method](...given), name, values);
const value = (testid) => stage.page.$eval(`[data-testid="${testid}"]`, (field) => field.value);
const disabled = (testid) => stage.page.$eval(`[data-testid="${testid}"]`, (button) => button.disabled);
const count = (number) =>
  stage.page.waitForFunction(
    (expected) => document.querySelectorAll('[data-testid="device"]').length === expected,
    {},
    number,
  );
/** Waits until it says this. */
const said = (testid, text) =>
  stage.page.waitForFunction(
    (selector, words) => document.querySelector(selector)?.innerText.includes(words),
    {},
    `[data-testid="${testid}"]`,
    text,
  );

test("each device stands in the list with what it is", options, async () => {
  await devices();
  const rows = await stage.texts("device");
  assert.equal(rows.length, 3);
  assert.match(rows[0], /^Первое устройство это устройство · с /);
  assert.match(rows[1], /^Ноутбук в редакции с /);
  assert.match(await stage.text("devices-role"), /подаются тайные голоса/);
  assert.match(await stage.page.$eval("main", (main) => main.innerText), /Можно добавить ещё 2 устройства\./);
  assert.deepEqual(await stage.stumbles(), []);
  await devices("devices=some", { language: "en" });
  assert.match((await stage.texts("device"))[0], /^First device this device · since /);
});

test("there is no room for a sixth device", options, async () => {
  await devices("devices=full");
  assert.match(await stage.text("devices-full"), /У вас уже 5 устройств/);
  assert.equal(await stage.page.$('[data-testid="device-add"]'), null);
});

test(
  "a link is shown as text and as a code that a camera reads, and is said to be secret",
  options,
  async () => {
    await devices("devices=some&comes=never");
    await stage.click("device-add");
    await stage.see("device-link-qr");
    const link = await value("device-link-text");
    assert.match(link, /^veche:device\//);
    assert.equal(await stage.focused(), "device-link-text-copy");
    const size = 520;
    const data = await stage.page.$eval(
      '[data-testid="device-link-qr"]',
      async (image, side) => {
        await image.decode();
        const canvas = document.createElement("canvas");
        canvas.width = canvas.height = side;
        const paper = canvas.getContext("2d");
        paper.fillStyle = "#fff";
        paper.fillRect(0, 0, side, side);
        paper.drawImage(image, 0, 0, side, side);
        return [...paper.getImageData(0, 0, side, side).data];
      },
      size,
    );
    assert.equal(decodeQR({ width: size, height: size, data: Uint8ClampedArray.from(data) }), link);
    const words = await stage.text("device-link");
    assert.match(words, /Ссылка секретна/);
    assert.match(words, /Осталось: 59 минут\./);
    assert.deepEqual(await stage.stumbles(), []);
  },
);

test("a link that is cancelled is gone, and another can be made", options, async () => {
  await devices("devices=some&comes=never");
  await stage.click("device-add");
  await stage.click("device-link-cancel");
  await stage.gone("device-link");
  await stage.see("device-add");
});

test("a link whose hour is over says so and gives way to another", options, async () => {
  await devices("devices=some&comes=never");
  await stage.click("device-add");
  await stage.see("device-link-text");
  await fake("expire");
  await stage.see("device-link-over");
  assert.equal(await stage.page.$('[data-testid="device-link-text"]'), null);
  await stage.click("device-link-again");
  await stage.see("device-link-text");
});

test("who comes is compared by a code and let in with what was said before", options, async () => {
  await devices("devices=some&comes=never");
  await stage.click("device-add");
  await stage.see("device-link-text");
  await fake("come", "Старый ноутбук");
  assert.match(await stage.text("device-waiting"), /Пришло устройство: Старый ноутбук/);
  assert.doesNotMatch(await stage.text("device-link"), /48210/, "what is to be typed is not shown");
  assert.equal(await stage.focused(), "device-waiting", "reading goes on where the link was");
  assert.equal(await stage.page.$('[data-testid="device-link-text"]'), null, "the link is shown no longer");
  assert.equal(await stage.page.$eval('[data-testid="device-history"] input', (box) => box.checked), true);
  assert.match(await stage.text("device-history"), /отнимут и вскроют/);
  assert.deepEqual(await stage.stumbles(), []);
  assert.ok(await disabled("device-admit"));
  await stage.type("device-code-input", "48210 9375");
  assert.ok(await disabled("device-admit"), "nine digits are no code");
  await stage.type("device-code-input", "5");
  await stage.click("device-admit");
  assert.match(await stage.text("device-admitted"), /Журнал и разговоры придут туда сами/);
  await count(4);
  await stage.gone("device-link");
  assert.equal(await stage.page.evaluate(() => globalThis.fakeDevices.admitted.history), true);
});

test("history is kept back where one wants it so", options, async () => {
  await devices("devices=some&comes=never", { language: "en" });
  await stage.click("device-add");
  await stage.see("device-link-text");
  await fake("come", "Old laptop");
  await stage.click("device-history");
  await stage.type("device-code-input", "4821093755");
  await stage.click("device-admit");
  await said("device-admitted", "Being let in");
  assert.deepEqual(await stage.page.evaluate(() => globalThis.fakeDevices.admitted), {
    request: "admit_device",
    code: CODE,
    history: false,
  });
});

test("who is not let in takes the link with them", options, async () => {
  await devices("devices=some&comes=never");
  await stage.click("device-add");
  await stage.see("device-link-text");
  await fake("come");
  await stage.click("device-refuse");
  await stage.gone("device-link");
  await count(3);
});

test("until the devices have a code, nobody can be let in", options, async () => {
  await devices("devices=some&comes=never");
  await stage.click("device-add");
  await stage.see("device-link-text");
  await fake("come", "Старый ноутбук", null);
  await stage.see("device-waiting");
  assert.match(await stage.text("device-link"), /договариваются о коде/);
  assert.equal(await stage.page.$('[data-testid="device-admit"]'), null);
  await stage.see("device-refuse");
  await fake("come", "Старый ноутбук");
  await stage.see("device-code-input");
});

test("the code of another device lets nobody in", options, async () => {
  await devices("devices=some&comes=never");
  await stage.click("device-add");
  await stage.see("device-link-text");
  await fake("come");
  await stage.type("device-code-input", "11111 22222");
  await stage.click("device-admit");
  await stage.see("refusal", '[data-code="wrong_code"]');
  assert.match(await stage.text("refusal"), /Никто не впущен/);
  await count(3);
});

test("who comes while one is elsewhere is told of, and one click leads there", options, async () => {
  await devices("devices=some&comes=never");
  await stage.click("device-add");
  await stage.see("device-link-text");
  await stage.go("/motions");
  await stage.see("motion-row");
  await fake("come", "Дом");
  assert.match(await stage.text("banner-device"), /Дом/);
  assert.deepEqual(await stage.stumbles(), []);
  await stage.click("banner-device-look");
  await stage.see("device-code-input");
  await stage.gone("banner-device");
});

test(
  "a device that has come is told of everywhere until one has said that it is one's own",
  options,
  async () => {
    await devices("devices=some&newly=come");
    assert.match(await stage.text("banner-new-device"), /У вас новое устройство: Устройство [0-9a-f]{6}/);
    assert.equal(await stage.page.$('[data-testid="banner-new-device-look"]'), null);
    await stage.go("/motions");
    await stage.see("motion-row");
    assert.deepEqual(await stage.stumbles(), []);
    await stage.click("banner-new-device-look");
    await stage.see("device");
    await stage.click("banner-new-device-mine");
    await stage.gone("banner-new-device");
    await stage.go("/motions");
    await stage.see("motion-row");
    await stage.gone("banner-new-device");
  },
);

test("a device is removed once it was said what that means", options, async () => {
  await devices();
  await stage.click("device-revoke-open");
  const words = await stage.text("device-revoke-dialog");
  assert.match(words, /новые журналы/);
  assert.match(words, /на нём и останется/);
  assert.deepEqual(await stage.stumbles(), []);
  await stage.press("Escape");
  await stage.gone("device-revoke-dialog");
  await count(3);
  await stage.click("device-revoke-open");
  await stage.click("device-revoke");
  assert.match(await stage.text("device-leaving"), /ещё не отправлено/);
  await said("device-leaving", "осталось в 3 разговорах");
  await said("device-leaving", "журналу ещё предстоит перейти");
  await count(2);
  assert.doesNotMatch((await stage.texts("device")).join(), /редакции/);
});

test("a further device says where one votes, and removes only itself", options, async () => {
  await devices("devices=further");
  assert.match(await stage.text("devices-role"), /Тайные голоса подаются с вашего первого устройства/);
  const rows = await stage.texts("device");
  assert.match(rows[1], /это устройство/);
  assert.match(rows[2], /^Устройство [0-9a-f]{6} /, "how the others are called it does not know");
  assert.equal(await stage.page.$('[data-testid="device-revoke-open"]'), null);
  assert.equal(await stage.page.$('[data-testid="device-add"]'), null);
  await stage.click("device-leave-open");
  assert.match(await stage.text("device-revoke-dialog"), /Вы остаётесь участником/);
  await stage.click("device-revoke");
  await stage.see("standing", '[data-standing="revoked"]');
  assert.match(
    await stage.page.$eval("main", (main) => main.innerText),
    /Этого устройства в собрании больше нет[^]*по-прежнему участник/,
  );
});

for (const [scene, standing, says, never] of [
  ["member&devices=entering", "entering", /Первое устройство впустило это/, /поручительств|приём/],
  ["member&standing=removed", "removed", /Вы больше не участник этого собрания/, /устройства в собрании/],
])
  test(`whose standing is ${standing} reads so`, options, async () => {
    await stage.scene(scene);
    await stage.see("standing", `[data-standing="${standing}"]`);
    const words = await stage.page.$eval("main", (main) => main.innerText);
    assert.match(words, says);
    assert.doesNotMatch(words, never);
    assert.deepEqual(await stage.stumbles(), []);
  });

test("nobody is asked for a secret vote where it cannot be cast", options, async () => {
  await stage.scene("member&devices=further&vote=barred");
  await stage.motion(0);
  assert.match(await stage.text("barred"), /с вашего первого устройства/);
  assert.equal(await stage.page.$('[data-testid="vote-review"]'), null);
});

for (const [language, waits] of [
  ["ru", /Введите этот код на вашем первом устройстве/],
  ["en", /Type this code on your first device/],
]) {
  test(`a new vault comes in as a further device (${language})`, options, async () => {
    await stage.scene("none", { language, ...NARROW });
    await stage.click("way-device");
    await stage.paste("device-link-paste", DEVICE_LINK);
    await stage.see("device-link-read");
    assert.equal(await disabled("join-device"), true, "it needs a name");
    await stage.type("device-name", "Tablet");
    await stage.click("carrier-socks5");
    assert.deepEqual(await stage.stumbles(), []);
    await stage.click("join-device");
    assert.equal((await stage.text("device-code")).trim(), CODE);
    assert.match(await stage.page.$eval("main", (main) => main.innerText), waits);
    const sideways = await stage.page.evaluate(() => document.documentElement.scrollWidth > innerWidth);
    assert.equal(sideways, false, "it is not wider than the window");
    assert.deepEqual(await stage.stumbles(), []);
    await stage.page.evaluate(() => globalThis.fakeLetIn(false));
    await stage.see("rail-settings");
  });
}

test("a device that waits gives its link up", options, async () => {
  await stage.scene("none&devices=waiting");
  await stage.see("device-code");
  await stage.click("device-give-up");
  await stage.click("way-device");
  await stage.see("join-device-form");
});

test("a device that was not let in can try again", options, async () => {
  await stage.scene("none&devices=waiting");
  await stage.see("device-code");
  await stage.page.evaluate(() => globalThis.fakeLetIn(true));
  assert.match(await stage.text("join-refused"), /войти не получилось/);
  await stage.click("way-device");
  await stage.see("join-device-form");
});

test("a link that cannot be read is said to be a device's", options, async () => {
  await stage.scene("none");
  await stage.click("way-device");
  await stage.paste("device-link-paste", "https://example.org");
  assert.match(await stage.text("refusal"), /Скопируйте её с первого устройства/);
  assert.equal(await disabled("join-device"), true);
});

test("a device's link among the invitations leads to its own form", options, async () => {
  await stage.scene("none", NARROW);
  await stage.paste("invitation-link", DEVICE_LINK);
  assert.match(await stage.text("misplaced"), /ссылка вашего первого устройства/);
  assert.equal(await value("device-link-paste"), DEVICE_LINK);
  await stage.see("device-link-read");
  assert.equal(await stage.focused(), "device-name");
  assert.deepEqual(await stage.stumbles(), []);
});

test("an invitation among the devices leads to its own form", options, async () => {
  await stage.scene("none", { language: "en" });
  await stage.click("way-device");
  await stage.paste("device-link-paste", `  ${INVITATION}\n`);
  assert.match(await stage.text("misplaced"), /an invitation to an assembly/);
  await stage.see("invitation-read");
  assert.equal(await stage.focused(), "member-name");
  await stage.click("way-device");
  assert.equal(await value("device-link-paste"), "", "nobody is sent back and forth");
});

test("notes to oneself have nobody to tell, to compare with or to leave", options, async () => {
  await stage.scene("member&notes=none");
  await stage.click("conversation-own");
  await said("messages", "Здесь вы пишете себе");
  assert.equal(await stage.page.$('[data-testid="conversation-state"]'), null, "one is not called alone");
  await stage.type("composer", "Позвонить Ольге");
  await stage.press("Enter");
  await stage.see("message");
  await said("conversation-own", "Позвонить Ольге");
  assert.doesNotMatch(await stage.text("conversation-own"), /Вы:/);
  await stage.click("about-open");
  await stage.see("about-notes");
  for (const absent of ["receipts-none", "about-code", "present", "bring-open", "leave-open", "rename-open"])
    assert.equal(await stage.page.$(`[data-testid="${absent}"]`), null, absent);
  assert.deepEqual(await stage.stumbles(), []);
  await stage.click("about-devices");
  await stage.see("devices");
});

test("an observer writes notes too", options, async () => {
  await stage.scene("member&notes=some&role=observer");
  await stage.click("conversation-own");
  await stage.see("composer");
});

test("nothing failed on the page meanwhile", options, () => {
  assert.deepEqual(stage.faults, []);
});
