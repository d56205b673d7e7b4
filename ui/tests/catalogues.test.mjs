// The two catalogues say the same things, and nothing in them is unused.

import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";

import { FluentBundle, FluentResource } from "@fluent/bundle";

const SOURCE = fileURLToPath(new URL("../src", import.meta.url));
const CODE = sources(SOURCE).join("\n");

/** Keys that are put together from a value: the prefix stands in the code, the values are closed lists. */
const FAMILIES = [
  /^admission-/,
  /^arrange-/,
  /^receipts-(none|arrived|read)$/,
  /^attached-(file|picture)$/,
  /^asked-/,
  /^barred-/,
  /^begin-means-(direct|group)$/,
  /^charter-/,
  /^choice-/,
  /^composer-(direct|group|own)$/,
  /^connection-/,
  /^devices-agree-/,
  /^elected-/,
  /^empty-(direct|group|own)$/,
  /^evidence-/,
  /^export-(public|members)-hint$/,
  /^kind-(direct|group)$/,
  /^limit-/,
  /^majority-/,
  /^message-/,
  /^notice-/,
  /^own-/,
  /^proof-/,
  /^rail-/,
  /^refusal-/,
  /^role-/,
  /^rule-/,
  /^seat-state-/,
  /^settings-/,
  /^span-/,
  /^standing-/,
  /^strength-/,
  /^timer-choice-/,
  /^transfer-(sending|fetching)$/,
  /^vote-kind-/,
];

function sources(directory) {
  return readdirSync(directory, { withFileTypes: true }).flatMap((entry) => {
    const path = join(directory, entry.name);
    if (entry.isDirectory()) return sources(path);
    return /\.(ts|svelte)$/.test(entry.name) ? [readFileSync(path, "utf8")] : [];
  });
}

function catalogue(language) {
  const text = readFileSync(join(SOURCE, "i18n", `${language}.ftl`), "utf8");
  const bundle = new FluentBundle(language, { useIsolating: false });
  const errors = bundle.addResource(new FluentResource(text));
  assert.deepEqual(errors, [], `${language}.ftl: every message is parsed and defined once`);
  const keys = [...text.matchAll(/^([a-z][a-z0-9-]*) =/gm)].map((match) => match[1]);
  for (const key of keys) assert.ok(bundle.hasMessage(key), `${language}.ftl: ${key} is well-formed`);
  return { bundle, keys, text };
}

const ru = catalogue("ru");
const en = catalogue("en");

function variables(text, key) {
  const start = text.search(new RegExp(`^${key} =`, "m"));
  const rest = text.slice(start);
  const end = rest.slice(1).search(/^[a-z#]/m);
  const message = end < 0 ? rest : rest.slice(0, end + 1);
  return [...new Set([...message.matchAll(/\$(\w+)/g)].map((match) => match[1]))].sort();
}

test("both catalogues have the same keys in the same order", () => {
  assert.deepEqual(ru.keys, en.keys);
});

test("both catalogues use the same variables", () => {
  for (const key of ru.keys) assert.deepEqual(variables(ru.text, key), variables(en.text, key), key);
});

test("every key in the code is in the catalogues", () => {
  const used = [...CODE.matchAll(/\bt\(\s*"([a-z0-9-]+)"/g)].map((match) => match[1]);
  assert.ok(used.length > 200);
  for (const key of used) assert.ok(ru.keys.includes(key), key);
});

test("every key of the catalogues is used", () => {
  const unused = ru.keys.filter(
    (key) => !CODE.includes(`"${key}"`) && !FAMILIES.some((family) => family.test(key)),
  );
  assert.deepEqual(unused, []);
});

test("every value of an enum has its words", () => {
  const generated = readFileSync(join(SOURCE, "backend", "generated.ts"), "utf8");
  const prefixes = {
    AdmissionState: ["admission-"],
    Barred: ["barred-"],
    Choice: ["choice-"],
    ConnectionState: ["connection-"],
    EvidenceKind: ["evidence-"],
    Majority: ["majority-", "rule-", "rule-adopted-", "rule-rejected-"],
    MessageState: ["message-"],
    NoticeCode: ["notice-"],
    ProofLabel: ["proof-"],
    ReceiptLevel: ["receipts-"],
    RefusalCode: ["refusal-"],
    Role: ["role-"],
    SeatState: ["seat-state-"],
    Ties: ["charter-ties-", "rule-tie-"],
    VoteKind: ["vote-kind-", "vote-kind-hint-"],
  };
  for (const [type, heads] of Object.entries(prefixes)) {
    const definition = new RegExp(`export type ${type} =([^;]+);`).exec(generated);
    assert.ok(definition, type);
    const values = definition[1].replace(/\{[^}]*\}/g, "");
    for (const [, value] of values.matchAll(/"([a-z0-9_]+)"/g)) {
      for (const head of heads) {
        const key = head + value.replaceAll("_", "-");
        assert.ok(ru.keys.includes(key), `${type}: ${key}`);
      }
    }
  }
});

test("every question has its name, what it means, how it is counted and how it is decided", () => {
  const generated = readFileSync(join(SOURCE, "backend", "generated.ts"), "utf8");
  const methods = [...generated.matchAll(/"method": "([a-z_]+)"/g)].map(([, name]) =>
    name.replaceAll("_", "-"),
  );
  assert.equal(methods.length, 5);
  for (const method of methods) {
    for (const head of ["asked-", "asked-hint-"]) assert.ok(ru.keys.includes(head + method), head + method);
    if (method === "for-against-abstain") continue;
    for (const head of ["asked-how-", "rule-", "elected-"])
      assert.ok(ru.keys.includes(head + method), head + method);
  }
});

/** Parts of a sentence that say something of their own. */
const parts = (words) => words.split(/[.;:!?]\s|[.!?]$/).filter((part) => part.trim().length > 3);

test("every refusal and every notice says what happened and what to do next, in words of its own", () => {
  const generated = readFileSync(join(SOURCE, "backend", "generated.ts"), "utf8");
  const values = (type) =>
    [...new RegExp(`export type ${type} =([^;]+);`).exec(generated)[1].matchAll(/"([a-z0-9_]+)"/g)].map(
      ([, value]) => value.replaceAll("_", "-"),
    );
  const keys = [
    ...values("RefusalCode").map((value) => `refusal-${value}`),
    ...values("NoticeCode").map((value) => `notice-${value}`),
    ...ru.keys.filter((key) => key.startsWith("refused-")),
    "connection-offline",
    "connection-wrong-relay-long",
    "clock-skew",
  ];
  for (const { bundle } of [ru, en]) {
    const said = new Map();
    for (const key of keys) {
      const message = bundle.getMessage(key);
      assert.ok(message?.value, key);
      const words = bundle.formatPattern(message.value, { span: "5" });
      assert.ok(parts(words).length >= 2, `${key} says one thing only: ${words}`);
      assert.ok(!said.has(words), `${key} says what ${said.get(words)} says`);
      said.set(words, key);
    }
  }
});

test("every kind of evidence is named, and what to do with it is said", () => {
  for (const { bundle } of [ru, en])
    assert.ok(parts(bundle.formatPattern(bundle.getMessage("evidence-do").value)).length >= 2);
});

test("Russian plurals have their forms", () => {
  const say = (key, count) =>
    ru.bundle.formatPattern(ru.bundle.getMessage(key).value, {
      count,
      options: "A",
      emoji: "👍",
      who: "Анна",
    });
  assert.equal(say("span-days", 1), "1 день");
  assert.equal(say("span-days", 3), "3 дня");
  assert.equal(say("span-days", 11), "11 дней");
  assert.equal(say("span-minutes", 21), "21 минута");
  assert.match(say("devices-agree-all", 1), /одно устройство/);
  assert.match(say("devices-agree-all", 23), /23 устройства/);
  assert.match(say("devices-agree-all", 25), /25 устройств,/);
  assert.match(say("review-marks", 1), /1 вариант:/);
  assert.match(say("review-marks", 22), /22 варианта:/);
  assert.match(say("options-pasted", 21), /Вставлен 21 вариант$/);
  assert.match(say("result-tied", 2), /2 места .* остаются/);
  assert.match(say("stages-quota", 21), /21 голоса\./);
  assert.match(say("search-found", 1), /Нашлось 1 сообщение$/);
  assert.match(say("search-found", 22), /22 сообщения$/);
  assert.match(say("to-newest-unread", 5), /5 непрочитанных сообщений$/);
  assert.match(say("reaction-label", 3), /3 отклика:/);
  assert.match(say("devices-room", 1), /1 устройство\.$/);
  assert.match(say("devices-room", 4), /4 устройства\.$/);
  assert.equal(say("mentioned", 2), "Вас упомянули в 2 сообщениях");
});

test("no English words stand in the Russian catalogue but names", () => {
  const allowed = /SOCKS5|Tor|Browser|Enter|veche-relay:\/\/|\$\w+|\[\w+\]|^[a-z0-9-]+ =/gm;
  const words = ru.text.replace(allowed, "").match(/[A-Za-z]{3,}/g) ?? [];
  assert.deepEqual(words, []);
});
