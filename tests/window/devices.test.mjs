// Several devices of one member: the first one in the window, a further one without a window, and one in a second window. They
// are linked, compared by their codes, let in, and removed.

import assert from "node:assert/strict";
import { after, test } from "node:test";

import { Agent } from "./agent.mjs";
import { found, opened, PASSPHRASE } from "./assembly.mjs";
import { until } from "./stage.mjs";
import { Window } from "./window.mjs";

const second = new Window();
// Before the stage ends, and its drivers with it.
after(() => second.close().catch(() => {}));
const here = opened("devices", { programs: ["veche-relay", "veche"], timeout: 300_000 });
const { options, stage, window } = here;
const BEFORE = "Сказано до планшета";
let tablet;

const assemblyOf = async (agent) => (await agent.ask("overview")).overview.assembly;
const standing = (agent, expected) =>
  until(
    `${agent.name} is ${expected}`,
    async () => (await assemblyOf(agent))?.standing === expected,
    120_000,
  );
const said = (agent, text) =>
  until(`${agent.name} has ${JSON.stringify(text)}`, async () => {
    const { messages } = await agent.ask("read");
    return messages.find((message) => message.content.text === text);
  });
const devices = (number) =>
  until(
    `the window lists ${number} devices`,
    () =>
      window.run(`return document.querySelectorAll("[data-testid=device]").length === arguments[0];`, number),
    120_000,
  );
const code = async (shown) => (await shown.text("device-code")).trim();

/** Makes a link in the window. */
async function linked() {
  await window.click("rail-settings");
  await window.click("settings-devices");
  await window.click("device-add");
  await window.see("device-link-qr");
  return window.value("device-link-text");
}

test("there is one device at first, and it is the first one", options, async () => {
  await found(here, "Собрание одной", "Говорю сама с собой.");
  await window.click("rail-conversations");
  await window.type("composer", BEFORE);
  await window.enter("composer");
  await window.click("rail-settings");
  await window.click("settings-devices");
  await devices(1);
  await window.shows("Первое устройство");
});

test("a further device comes by the link and shows the same code", options, async () => {
  tablet = Agent.start(stage, "планшет");
  const link = await linked();
  assert.match(link, /^veche:device\//);
  await window.picture("devices-link");
  const { link: read } = await tablet.ask("read_device_link", { link });
  assert.equal(read.assembly_name, "Собрание одной");
  await tablet.ask("join_as_device", { link, device_name: "Планшет" });
  const shown = await until("it has a code", async () => (await assemblyOf(tablet))?.device_code);
  await window.shows("Пришло устройство: Планшет");
  assert.match(shown, /^\d{5} \d{5}$/);
  await window.see("device-code-input");
  await window.picture("devices-compare");
});

test("it is let in with what was said before", options, async () => {
  await window.type("device-code-input", (await assemblyOf(tablet)).device_code);
  await window.click("device-admit");
  await standing(tablet, "admitted");
  await devices(2);
  await window.shows("Планшет");
  const assembly = await assemblyOf(tablet);
  assert.deepEqual([assembly.seat, assembly.first_device], [1, false]);
  await said(tablet, BEFORE);
  await window.picture("devices-two");
});

test("what either of them says both have, as the words of one member", options, async () => {
  await tablet.ask("send", { text: "Пишу с планшета" });
  await window.click("rail-conversations");
  await window.shows("Пишу с планшета");
  await window.type("composer", "Пишу из окна");
  await window.enter("composer");
  const heard = await said(tablet, "Пишу из окна");
  assert.deepEqual([heard.seat, heard.own], [1, true]);
});

test("notes are for one's own devices", options, async () => {
  await window.click("conversation-own");
  await window.type("composer", "Не забыть смету");
  await window.enter("composer");
  await until("the note is on the tablet", async () => {
    const { conversations } = await tablet.ask("conversations");
    const notes = conversations.find(({ kind }) => kind === "own");
    if (!notes) return false;
    const { messages } = await tablet.ask("read", { conversation: notes.id });
    return messages.some((message) => message.content.text === "Не забыть смету");
  });
  await window.picture("devices-notes");
});

test("a further device lets nobody in", options, async () => {
  await assert.rejects(tablet.ask("link_device"), /not_first_device/);
  const { devices: view } = await tablet.ask("devices");
  assert.equal(view.devices.length, 2);
  assert.equal(view.devices.find((device) => device.this).name, "Планшет");
});

test("who is not let in stays outside, and the link is void", options, async () => {
  const stranger = Agent.start(stage, "чужой");
  const link = await linked();
  await stranger.ask("join_as_device", { link, device_name: "Тоже планшет" });
  await window.shows("Пришло устройство: Тоже планшет");
  await window.click("device-refuse");
  await window.see("device-add");
  await standing(stranger, "refused");
  await devices(2);
});

test("a second window comes in the same way, and says that it votes elsewhere", options, async () => {
  await second.open(stage, { vault: "vault-second", args: ["--lang", "ru", "--theme", "dark"] });
  await second.type("passphrase", PASSPHRASE);
  await second.type("passphrase-again", PASSPHRASE);
  await second.click("create");
  // Pasted where invitations go, it finds its own form.
  await second.see("join-form");
  await second.paste("invitation-link", await linked());
  await second.see("misplaced");
  await second.shows("Собрание одной");
  await second.type("device-name", "Ноутбук");
  await second.click("join-device");
  await second.shows("Введите этот код на вашем первом устройстве");
  await window.shows("Пришло устройство: Ноутбук");
  await second.picture("devices-waiting");
  await window.type("device-code-input", await code(second));
  await window.click("device-history");
  await window.click("device-admit");
  await second.see("rail-settings", "", 120_000);
  await devices(3);
  await second.click("rail-settings");
  await second.click("settings-devices");
  await second.shows("Тайные голоса подаются с вашего первого устройства");
  await second.picture("devices-further");
});

test("without history a device has only what is said from then on", options, async () => {
  await tablet.ask("send", { text: "После второго окна" });
  await second.click("rail-conversations");
  await second.shows("После второго окна");
  assert.doesNotMatch(await second.page(), new RegExp(BEFORE));
});

test("a device that is removed follows nothing from then on, and the others do", options, async () => {
  await window.click("rail-settings");
  await window.click("settings-devices");
  await window.click("device-revoke-open");
  await window.shows("Удалить устройство «Планшет»?");
  await window.picture("devices-revoke");
  await window.click("device-revoke");
  await devices(2);
  await standing(tablet, "revoked");
  await window.click("rail-conversations");
  await window.type("composer", "Уже без планшета");
  await window.enter("composer");
  await second.shows("Уже без планшета");
  // As long again as a device takes to read a log that it follows.
  await new Promise((resolve) => setTimeout(resolve, 5_000));
  const { messages } = await tablet.ask("read");
  const texts = messages.map((message) => message.content.text);
  assert.ok(texts.includes("Пишу из окна"), "what it has read it keeps");
  assert.ok(!texts.includes("Уже без планшета"));
  await assert.rejects(tablet.ask("send", { text: "Ещё здесь" }), /not_a_member/);
});

test("a device that removes itself is out, and the others go on", options, async () => {
  await second.click("rail-settings");
  await second.click("settings-devices");
  await second.click("device-leave-open");
  await second.click("device-revoke");
  await second.see("standing", '[data-standing="revoked"]', 120_000);
  await second.shows("Этого устройства в собрании больше нет");
  await second.close();
  await window.click("rail-settings");
  await window.click("settings-devices");
  await devices(1);
});
