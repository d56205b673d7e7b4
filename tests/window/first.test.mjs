// What a person meets first: a vault, a language, colours, and the way into an assembly.

import assert from "node:assert/strict";
import { test } from "node:test";

import { opened, PASSPHRASE } from "./assembly.mjs";

const { options, window } = opened("first");

test("a vault is created with a passphrase said twice", options, async () => {
  await window.see("create-vault");
  await window.shows("Создайте сейф");
  assert.equal(await window.attribute("create", "disabled"), "");
  await window.type("passphrase", PASSPHRASE);
  await window.type("passphrase-again", "something else");
  await window.shows("Фразы не совпадают");
  await window.picture("first-create-vault");
  await window.fill("passphrase-again", PASSPHRASE);
  await window.click("create");
  await window.see("join-form");
});

test("the language and the colours change at once", options, async () => {
  await window.shows("Вас пригласили?");
  await window.click("language-en");
  await window.shows("Have you been invited?");
  assert.equal(await window.run("return document.documentElement.lang"), "en");
  assert.equal(await window.run("return document.documentElement.dataset.theme"), "light");
  await window.picture("first-welcome-en");
  await window.click("language-ru");
  await window.shows("Вас пригласили?");
});

test("a mangled invitation is said to be mangled", options, async () => {
  await window.type("invitation-link", "veche:nonsense");
  await window.see("refusal", '[data-code="invitation_mangled"]');
  assert.equal(await window.attribute("join", "disabled"), "");
});

test("a proxy can be set before anything is sent", options, async () => {
  await window.click("carrier-socks5");
  assert.equal(await window.value("carrier-address"), "127.0.0.1:9050");
  await window.picture("first-welcome-proxy");
});

test("a relay's address that cannot be read is refused", options, async () => {
  await window.click("way-found");
  await window.type("assembly-name", "Собрание");
  await window.type("member-name", "Анна");
  await window.type("relay-address", "https://example.org");
  await window.click("carrier-direct");
  await window.click("found");
  await window.see("refusal", '[data-code="bad_relay_address"]');
});

test("a locked vault opens with its passphrase only", options, async () => {
  await window.click("lock");
  await window.see("unlock");
  await window.type("passphrase", "wrong passphrase");
  await window.enter("passphrase");
  await window.see("refusal", '[data-code="wrong_passphrase"]');
  await window.picture("first-unlock-wrong");
  await window.type("passphrase", PASSPHRASE);
  await window.click("unlock-button");
  await window.see("join-form");
});

test("the page may load nothing from elsewhere", options, async () => {
  const blocked = await window.run(
    `return new Promise((resolve) => {
       document.addEventListener("securitypolicyviolation", (event) => resolve(event.effectiveDirective), { once: true });
       const image = new Image();
       image.src = "https://example.org/pixel.png";
       setTimeout(() => resolve("loaded"), 3000);
     });`,
  );
  assert.match(blocked, /img-src/);
});
