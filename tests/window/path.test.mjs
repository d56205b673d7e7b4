// The whole path in the window, from creating a vault to a verified result: founding on a real relay, members admitted,
// words, a roll-call vote and a secret one, the proof, the audit file.

import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { join } from "node:path";
import { test } from "node:test";

import { found, invite, opened, PASSPHRASE } from "./assembly.mjs";
import { program, until } from "./stage.mjs";

const ASSEMBLY = "Собрание депутатов";
const NAMES = ["Тимур", "Мария", "Лесной", "Ольга"];
const MEMBERS = NAMES.length + 1;
const here = opened("path", { programs: ["veche-relay", "veche", "veche-audit"], timeout: 300_000 });
const { options, stage, window } = here;
const agents = [];

/** Charter with times of seconds: a count, or a number of seconds. */
const CHARTER = {
  "charter-founding-seats": MEMBERS,
  "charter-endorsements": 1,
  "charter-seconders": 1,
  "charter-trustees": 3,
  "charter-threshold": 2,
  "charter-roll-floor": MEMBERS,
  "charter-ballots-floor": 3,
};
const CHARTER_SECONDS = {
  "charter-cooling-off": 0,
  "charter-objection": 0,
  "charter-notice": 1,
  "charter-voting-least": 5,
  "charter-closing": 60,
  "charter-slot": 0.5,
  "charter-cosign": 0.7,
  "charter-sealing-round": 5,
};

test("founds an assembly on a relay", options, async () => {
  await found(here, ASSEMBLY, "Мы учреждаем собрание, чтобы решать вместе.", async () => {
    await window.click("charter-details");
    for (const [field, count] of Object.entries(CHARTER)) await window.type(field, String(count));
    for (const [field, seconds] of Object.entries(CHARTER_SECONDS)) {
      await window.choose(`${field}-unit`, "секунд");
      await window.type(field, String(seconds));
    }
    await window.picture("path-found");
  });
  await window.shows(ASSEMBLY);
});

test("invites and admits members", options, async () => {
  for (const name of NAMES) agents.push(await invite(here, name));
  // Who asks appears by itself; founding needs one endorsement each.
  await until("everybody is endorsed and admitted", async () => {
    await window.clickIfThere("endorse");
    const admitted = (await window.page()).match(/место \d+/g) ?? [];
    return new Set(admitted).size === MEMBERS;
  });
  await until("every device is in the plenary", async () => {
    const all = await Promise.all(agents.map((agent) => agent.ask("conversations")));
    return all.every(({ conversations }) => conversations[0]?.members === MEMBERS);
  });
  await window.picture("path-members");
});

test("talks in the plenary both ways", options, async () => {
  await window.click("rail-conversations");
  await window.type("composer", "Добрый день, коллеги.");
  await window.click("send");
  await until("the words arrive", async () => {
    const { messages } = await agents[0].ask("read");
    return messages.some(({ content }) => content.text === "Добрый день, коллеги.");
  });
  await agents[1].ask("send", { text: "Здравствуйте, слышу вас." });
  await window.shows("Здравствуйте, слышу вас.");
  await window.picture("path-conversation");
});

test("writes to a member from the members' page, and is answered", options, async () => {
  const [timur] = agents;
  const direct = async () =>
    (await timur.ask("conversations")).conversations.find(({ kind }) => kind === "direct");
  const { members } = await timur.ask("members");
  const { seat } = members.find(({ own }) => own);
  await window.click("rail-members");
  await window.run(
    `[...document.querySelectorAll('[data-testid="member-row"]')]
       .find((row) => row.innerText.includes(arguments[0])).click();`,
    timur.name,
  );
  await window.shows(`Место ${seat}`);
  await window.click("write-to");
  await window.see("composer");
  assert.equal(await window.run("return document.getElementById('page-title').innerText"), timur.name);
  // Nobody else is there yet: the words wait, and leave by themselves.
  await window.type("composer", "Тимур, вы будете завтра?");
  await window.click("send");
  const conversation = await until(
    "the other one is in and has the words",
    async () => {
      const known = await direct();
      if (!known) return false;
      const { messages } = await timur.ask("read", { conversation: known.id });
      return messages.some(({ content }) => content.text === "Тимур, вы будете завтра?") && known.id;
    },
    120_000,
  );
  await timur.ask("send", { conversation, text: "Буду, к десяти." });
  await window.shows("Буду, к десяти.");
  await window.picture("path-direct");
  await window.click("about-open");
  await window.see("about");
  await window.see("present", `[data-seat="${seat}"]`);
  const shown = await window.text("about-code");
  await until(
    "both have the same code",
    async () => (await direct()).code === (await window.text("about-code")),
  );
  assert.match(shown, /^(\d{5} ?){6}$/);
  await window.picture("path-direct-about");
  // The others have no such conversation.
  const { conversations } = await agents[1].ask("conversations");
  assert.ok(conversations.every(({ kind }) => kind === "plenary"));
});

/** Writes the options, one in a row. */
async function ask(method, options) {
  await window.click(`method-${method}`);
  for (const [index, option] of options.entries()) {
    if (index > 1) await window.click("option-add");
    await window.type("option", option, `[data-row="${index + 1}"]`);
  }
}

async function propose(title, kind, seconds, question = async () => {}) {
  await window.click("rail-motions");
  await window.click("propose-open");
  await window.type("motion-title", title);
  await window.type("motion-text", "Решить то, что сказано в заголовке.");
  await question();
  await window.click(`kind-${kind}`);
  await window.choose("voting-unit", "секунд");
  await window.type("voting", String(seconds));
  await window.click("propose");
  const motion = await until(`${title} arrives`, () => agents[0].motion(title));
  await agents[0].ask("second", { motion: motion.id });
  await window.see("motion", '[data-phase="open"]').catch(async (error) => {
    await window.picture("path-not-open");
    const { phase, may_open } = await agents[0].motion(title);
    const { overview } = await agents[0].ask("overview");
    const members = (await agents[0].ask("members")).members.map((member) => member.ballot_keys);
    const known = {
      page: await window.page(),
      phase,
      may_open,
      members,
      assembly: overview.assembly,
      notice: overview.notice,
    };
    throw new Error(`${error.message}; another device knows: ${JSON.stringify(known)}`);
  });
}

async function vote(choice) {
  await window.click(`choice-${choice}`);
  await window.click("vote-review");
  await window.see("review");
  await window.picture(`path-review-${choice}`);
  await window.click("vote-confirm");
  await window.see("own-vote");
}

test("decides by roll-call", options, async () => {
  const title = "О регламенте";
  await propose(title, "roll_call", 20);
  await vote("for");
  const choices = ["for", "against", "abstain", "for"];
  for (const [index, agent] of agents.entries()) {
    const motion = await agent.phase(title, "open");
    await agent.ask("vote", { motion: motion.id, choice: choices[index] });
  }
  await window.see("result", "", 120_000);
  assert.match(await window.text("votes-for"), /3/);
  assert.match(await window.text("votes-against"), /1/);
  assert.match(await window.text("outcome"), /Принято/);
  await window.picture("path-result-roll-call");
});

test("decides in secret, and the ballot is counted in and burnt", options, async () => {
  const title = "О председателе";
  await until(
    "the trustees have a key ready",
    async () => (await agents[0].ask("overview")).overview.assembly.sealing_keys > 0,
    120_000,
  );
  await propose(title, "secret", 30);
  await vote("against");
  await window.picture("path-own-vote");
  const choices = ["for", "for", "for", "abstain"];
  for (const [index, agent] of agents.entries()) {
    const motion = await agent.phase(title, "open");
    await agent.ask("vote", { motion: motion.id, choice: choices[index] });
  }
  // One of them hands the ballot over while it waits, as if the box refused it; both ways in, it counts once.
  const ballot = await until("somebody's ballot waits", async () => {
    for (const agent of agents) {
      const { id } = await agent.motion(title);
      const waits = await agent.ask("ballot", { motion: id }).catch(() => null);
      if (waits) return waits.ballot;
    }
    return null;
  });
  await window.click("forward-open");
  await window.paste("forward-ballot", ballot);
  await window.click("forward");
  await window.see("forwarded", '[data-done="true"]');
  await window.picture("path-forwarded");
  const page = await window.page();
  assert.ok(!page.includes("Ваш голос: против"), "the window does not show what was chosen in secret");
  await window.see("own-vote", '[data-state="counted"]', 120_000);
  await window.picture("path-counted");
  await window.see("result", "", 120_000);
  assert.match(await window.text("votes-for"), /3/);
  assert.match(await window.text("votes-against"), /1/);
  assert.match(await window.text("votes-abstain"), /1/);
  await until(
    "all devices agree",
    async () => (await window.attribute("agree", "data-count")) === String(MEMBERS),
  );
  await window.click("proof-open");
  assert.match(
    await window.text("proof-repeated"),
    /TAL-01/,
    "the carried ballot came twice and counts once",
  );
  await window.picture("path-result-secret");
});

test("elects one of several by ranking, in secret", options, async () => {
  const title = "Где провести съезд";
  await until(
    "the trustees have a key ready",
    async () => (await agents[0].ask("overview")).overview.assembly.sealing_keys > 0,
    120_000,
  );
  await propose(title, "secret", 30, () => ask("schulze", ["Вильнюс", "Тбилиси", "Прага"]));
  await window.click("rest-2");
  await window.click("rest-1");
  await window.click("rank-up", ":not([aria-disabled=true])");
  await window.picture("path-ranking");
  await window.click("vote-review");
  assert.match(await window.text("review"), /Тбилиси\s*Прага\s*На последнем месте: Вильнюс/);
  await window.picture("path-review-ranking");
  await window.click("vote-confirm");
  await window.see("own-vote");
  const choices = [
    { ranking: [[1], [0], [2]] },
    { ranking: [[0], [1]] },
    { ranking: [[2], [1, 0]] },
    "abstain",
  ];
  for (const [index, agent] of agents.entries()) {
    const motion = await agent.phase(title, "open");
    await agent.ask("vote", { motion: motion.id, choice: choices[index] });
  }
  await window.see("own-vote", '[data-state="counted"]', 120_000);
  assert.doesNotMatch(await window.text("own-vote"), /Тбилиси|Прага|Вильнюс/, "the choice is forgotten");
  await window.see("result", "", 120_000);
  assert.equal(await window.text("outcome"), "Тбилиси");
  assert.match(await window.text("result"), /Воздержался 1/);
  assert.match(await window.text("classes"), /Тбилиси\s*Вильнюс и Прага \(наравне\)/);
  await until(
    "all devices agree",
    async () => (await window.attribute("agree", "data-count")) === String(MEMBERS),
  );
  await window.picture("path-result-ranking");
  await window.run("document.querySelector('[data-testid=pairs]').scrollIntoView({ block: 'end' })");
  await window.picture("path-result-pairs");
});

test("exports an audit file that the auditor accepts", options, async () => {
  const path = join(stage.folder, "vote.audit");
  await window.click("export-open");
  await window.fill("export-path", path);
  await window.click("export");
  await window.see("exported");
  await window.picture("path-exported");
  await window.click("dialog-close");
  const report = execFileSync(program("veche-audit"), ["verify", path, "--json"], { encoding: "utf8" });
  assert.match(report, /valid/);
});

test("locks, and opens again with everything there", options, async () => {
  await window.click("rail-lock");
  await window.type("passphrase", PASSPHRASE);
  await window.click("unlock-button");
  await window.click("rail-conversations");
  await window.shows("Здравствуйте, слышу вас.");
});
