// Pictures of every screen, with made-up people: `npm run screens [-- FILTER]`, into target/screenshots/ui/. `NARROW=360` makes
// the narrow ones as wide as that.
// Needs Chromium (CHROMIUM=/path, or `chromium` of the system).

import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

import axe from "axe-core";
import puppeteer from "puppeteer-core";
import { createServer } from "vite";
import { CHROMIUM, FLAGS } from "./browser.mjs";

const ROOT = fileURLToPath(new URL("..", import.meta.url));
const TARGET = process.env.SCREENS ?? join(ROOT, "..", "target", "screenshots", "ui");

const click = (testid) => async (page) => {
  await page.locator(`[data-testid="${testid}"]`).click();
};
const row = (testid, index) => async (page) => {
  await page.waitForSelector(`[data-testid="${testid}"]`);
  await page.evaluate(
    (selector, at) => document.querySelectorAll(selector)[at].click(),
    `[data-testid="${testid}"]`,
    index,
  );
};
/** A text, or one for each language. */
const type = (testid, text) => async (page, language) => {
  await page.type(`[data-testid="${testid}"]`, text[language] ?? text);
};
const see = (testid) => async (page) => {
  await page.waitForSelector(`[data-testid="${testid}"]`);
  await page.evaluate(
    (selector) => document.querySelector(selector).scrollIntoView({ block: "end" }),
    `[data-testid="${testid}"]`,
  );
};
const fill = (testid, texts) => async (page) => {
  for (const [index, text] of texts.entries()) {
    if (index > 0) await page.keyboard.press("Enter");
    await page.waitForFunction(
      (selector, at) => document.querySelectorAll(selector)[at],
      {},
      `[data-testid="${testid}"]`,
      index,
    );
    const fields = await page.$$(`[data-testid="${testid}"]`);
    await fields[index].type(text);
  }
};
const hash = (route) => async (page) => {
  await page.evaluate((to) => (location.hash = to), route);
};
const motion = (index) => [hash("/motions"), row("motion-row", index)];

const OPTIONS = ["Мария Корнеева", "Тимур Ахметов", "Ольга Вейс", "Сардана Иванова"];
const MORE = [...OPTIONS, "Айдар Сулейманов", "Лесной", "мария  корнеева"];
const asked = (method, options) => [
  hash("/motions/new"),
  type("motion-title", "Председатель редакционной группы"),
  click(`method-${method}`),
  fill("option", options),
];
const ranked = (...options) => options.map((option) => click(`rest-${option}`));

/** Name, scene, and what is done before the picture is taken. */
const SCREENS = [
  ["create-vault", "absent", [type("passphrase", "anchor lantern"), type("passphrase-again", "anchor")]],
  ["unlock", "locked", []],
  ["welcome-join", "none", [type("invitation-link", "veche:join/abc"), click("carrier-socks5")]],
  ["welcome-mangled", "none", [type("invitation-link", "https://example")]],
  ["welcome-found", "none", [click("way-found"), click("charter-details")]],
  ["waiting", "requested", []],
  ["conversations", "member", [hash("/conversations/a1b2c3d4e5f60718")]],
  ["conversations-list", "member", [hash("/conversations")]],
  ["conversations-empty", "empty", [hash("/conversations/a1b2c3d4e5f60718")]],
  ["motions-empty", "empty", [hash("/motions")]],
  ["motions-list", "member", [hash("/motions")]],
  ["motion-choose", "member", [...motion(0), click("choice-for")]],
  ["motion-review", "member", [...motion(0), click("choice-for"), click("vote-review")]],
  ["motion-prepared", "member&vote=prepared", motion(0)],
  ["motion-counted", "member&vote=counted", motion(0)],
  ["motion-stuck", "member&vote=stuck", [...motion(0), see("ballot-stuck")]],
  ["carry-learns", "member&vote=stuck", [...motion(0), click("carry-open")]],
  ["carry-ballot", "member&vote=stuck", [...motion(0), click("carry-open"), click("carry-show")]],
  [
    "forward",
    "member",
    [...motion(0), click("forward-open"), type("forward-ballot", "83 01 zz"), see("forward")],
  ],
  ["motion-noticed", "member", motion(1)],
  ["motion-proposed", "member", motion(2)],
  ["result-secret", "member", [...motion(3), click("proof-open")]],
  ["result-roll-call", "member", motion(4)],
  ["motion-void", "member", motion(5)],
  ["propose", "member", [hash("/motions/new")]],
  ["members", "member", [hash("/members/admissions")]],
  ["members-list", "member", [hash("/members")]],
  ["member", "member", [hash("/members/2")]],
  ["member-detain", "member", [hash("/members/2"), click("detain-open")]],
  ["invite", "member", [hash("/members/admissions"), click("invite-open"), click("invite")]],
  ["audit-journal", "member", [hash("/audit/journal")]],
  ["audit-evidence", "evidence", [hash("/audit/evidence")]],
  ["audit-export", "member", [hash("/audit/export")]],
  ["settings-look", "member", [hash("/settings/look")]],
  ["settings-connection", "member", [hash("/settings/connection")]],
  ["settings-assembly", "member", [hash("/settings/assembly")]],
  ["settings-vault", "member", [hash("/settings/vault")]],
  ["settings-limits", "member", [hash("/settings/limits")]],
  ["commands", "member", [(page) => page.keyboard.down("Control"), (page) => page.keyboard.press("k")]],
];

/** Every screen that shows somebody else's words, with words that want to deceive. */
const HOSTILE = [
  ["hostile-conversation", [hash("/conversations/a1b2c3d4e5f60718")]],
  ["hostile-motion", motion(0)],
  ["hostile-members", [hash("/members/admissions")]],
  ["hostile-member", [hash("/members/4")]],
  ["hostile-result", motion(4)],
];
SCREENS.push(...HOSTILE.map(([name, steps]) => [name, "member&words=hostile", steps]));
SCREENS.push(["hostile-options", "member&motions=options&words=hostile", [...motion(0), see("vote-review")]]);

/** The largest letters, in the narrowest and the widest places. */
const LARGEST_AMONG = [
  ["largest-propose-options", [...asked("up_to_k", OPTIONS), see("decision")]],
  ["largest-ranking", [...motion(2), ...ranked(2, 0), row("rank-join", 1), see("vote-review")]],
  ["largest-stages", [...motion(8), see("stages")]],
];
SCREENS.push(...LARGEST_AMONG.map(([name, steps]) => [name, "member&motions=options&size=largest", steps]));
const LARGEST = [
  ["largest-conversation", [hash("/conversations/a1b2c3d4e5f60718")]],
  ["largest-motion", [...motion(0), click("choice-for")]],
  ["largest-members", [hash("/members/admissions")]],
  ["largest-propose", [hash("/motions/new")]],
  ["largest-settings", [hash("/settings/look")]],
];
SCREENS.push(...LARGEST.map(([name, steps]) => [name, "member&size=largest", steps]));

/** Motions with several options: proposed, voted on in every way, decided in every way. */
const AMONG = [
  ["among-propose", [...asked("one_of_many", OPTIONS), see("decision")]],
  ["among-propose-marks", [...asked("up_to_k", OPTIONS), see("decision")]],
  ["among-propose-seats", [...asked("transferable", OPTIONS), click("method-details"), see("decision")]],
  ["among-propose-recognised", [...asked("schulze", MORE), see("recognised")]],
  ["among-propose-faults", [...asked("schulze", [...MORE, ""]), click("propose"), see("option-add")]],
  ["among-list", [hash("/motions")]],
  ["among-one", [...motion(0), click("option-1"), see("vote-review")]],
  ["among-one-review", [...motion(0), click("option-1"), click("vote-review")]],
  ["among-marks", [...motion(1), click("option-0"), click("option-2"), see("vote-review")]],
  ["among-marks-review", [...motion(1), click("option-0"), click("option-2"), click("vote-review")]],
  ["among-schulze-empty", [...motion(2), see("vote-review")]],
  ["among-schulze", [...motion(2), ...ranked(2, 0, 3), row("rank-join", 1), see("vote-review")]],
  ["among-schulze-review", [...motion(2), ...ranked(2, 0, 3), row("rank-join", 1), click("vote-review")]],
  ["among-seats", [...motion(3), ...ranked(1, 4, 0), see("vote-review")]],
  ["among-seats-review", [...motion(3), ...ranked(1, 4, 0), click("vote-review")]],
  ["among-abstain", [...motion(3), ...ranked(1, 4), click("choice-abstain"), see("vote-review")]],
  ["among-noticed", motion(4)],
  ["among-result-one", motion(5)],
  ["among-result-marks", motion(6)],
  ["among-result-schulze", motion(7)],
  ["among-result-schulze-table", [...motion(7), see("pairs")]],
  ["among-result-seats", motion(8)],
  ["among-result-seats-table", [...motion(8), see("stages")]],
  ["among-result-roll-call", [...motion(9), see("proof-open")]],
  ["among-result-no-quorum", motion(10)],
];

const TALK = "/conversations/a1b2c3d4e5f60718";
/** A message of the rich talk, hovered. */
const hovered = (index) => async (page) => {
  await page.waitForSelector('[data-testid="message"]');
  const all = await page.$$('[data-testid="message"]');
  await all.at(index).hover();
};
const onMessage = (testid, index) => async (page) => {
  await hovered(index)(page);
  const all = await page.$$('[data-testid="message"]');
  await (await all.at(index).$(`[data-testid="${testid}"]`)).click();
};
const keys =
  (...names) =>
  async (page) => {
    for (const name of names) await page.keyboard.press(name);
  };
const top = async (page) => {
  await page.waitForSelector('[data-testid="message"]');
  await page.evaluate(() => document.querySelector('[data-testid="messages"]').scrollTo({ top: 0 }));
};
/** Talk, with something of everything in it. */
const TALKS = [
  ["talk-rich", "talk=rich&timer=604800000", []],
  ["talk-rich-top", "talk=rich&timer=604800000", [top]],
  ["talk-unread", "talk=rich&unread=4", []],
  ["talk-unread-list", "talk=rich&unread=4", [hash("/conversations")]],
  ["talk-hover", "talk=rich", [hovered(-4)]],
  ["talk-menu", "talk=rich", [onMessage("message-menu", -2)]],
  ["talk-picker", "talk=rich", [onMessage("react", -4)]],
  ["talk-answering", "talk=rich", [onMessage("answer", -4), type("composer", "Спасибо, @")]],
  ["talk-editing", "talk=rich", [click("composer"), keys("ArrowUp")]],
  ["talk-refused", "talk=rich&refuse=send&code=not_allowed", [type("composer", "Слова"), keys("Enter")]],
  ["talk-react-refused", "talk=rich&refuse=react&code=not_allowed", [top, click("reaction")]],
  ["talk-take-back", "talk=rich", [onMessage("message-menu", -2), click("menu-take-back")]],
  ["talk-reactors", "talk=rich", [onMessage("message-menu", -5), click("menu-who")]],
  ["talk-timer", "talk=rich", [click("timer-open"), click("timer-other")]],
  [
    "talk-search",
    "talk=rich",
    [click("search-here"), type("search-field", { ru: "сро", en: "tim" }), see("found")],
  ],
  [
    "talk-found",
    "talk=long",
    [
      click("search-here"),
      type("search-field", { ru: "замен", en: "instead" }),
      see("found"),
      row("found", 5),
    ],
  ],
  [
    "talk-search-none",
    "talk=rich",
    [click("search-here"), type("search-field", "нетничего"), see("search-status")],
  ],
  ["talk-above", "talk=long&unread=5", [top]],
];
SCREENS.push(...TALKS.map(([name, talk, steps]) => [name, `member&${talk}`, [hash(TALK), ...steps]]), [
  "talk-observer",
  "member&talk=rich&role=observer",
  [hash(TALK)],
]);

/** Opens the conversation of the list whose row is the nth of its kind. */
const opened = (kind, index = 0) => [hash("/conversations"), row(`conversation-${kind}`, index)];
const aboutIt = (kind, index = 0) => [...opened(kind, index), click("about-open")];
/** Direct conversations and working groups. */
const KINDS = [
  ["kinds-list", "groups=some", [hash("/conversations"), click("archived")]],
  ["kinds-direct", "groups=some", opened("direct")],
  ["kinds-group", "groups=some", opened("group")],
  ["kinds-halted", "groups=some", opened("direct", 1)],
  ["kinds-left", "groups=some", [...opened("group", 2)]],
  ["kinds-observer", "groups=some&role=observer", opened("group")],
  ["kinds-begin", "groups=some", [click("begin-open"), click("pick-4")]],
  [
    "kinds-begin-group",
    "groups=some",
    [
      click("begin-open"),
      click("begin-group"),
      type("group-name", "Бюджет"),
      click("pick-2"),
      click("pick-8"),
    ],
  ],
  ["kinds-begun", "comes=never", [click("begin-open"), click("pick-4"), click("begin")]],
  ["kinds-about-plenary", "groups=some", aboutIt("plenary")],
  ["kinds-about-group", "groups=some", aboutIt("group")],
  ["kinds-about-group-end", "groups=some", [...aboutIt("group"), see("leave-open")]],
  ["kinds-about-direct", "groups=some", aboutIt("direct")],
  ["kinds-bring", "groups=some", [...aboutIt("group"), click("bring-open")]],
  ["kinds-ask-leave", "groups=some", [...aboutIt("group"), click("ask-leave")]],
  ["kinds-leave", "groups=some", [...aboutIt("group"), click("leave-open")]],
  ["kinds-largest", "groups=some&size=largest", aboutIt("group")],
  ["kinds-hostile", "groups=some&words=hostile", aboutIt("group")],
];
SCREENS.push(...KINDS.map(([name, scene, steps]) => [name, `member&${scene}`, steps]));

/** Files, receipts, names, safety numbers and notices. */
const attach = (path) => [click("attach-open"), type("attach-path", path), keys("Enter"), see("attached")];
const TRUST = [
  ["files-talk", "talk=files", [hash(TALK)]],
  ["files-top", "talk=files", [hash(TALK), top]],
  [
    "files-attach",
    "talk=rich",
    [hash(TALK), click("attach-open"), type("attach-path", "/home/anna/missing"), keys("Enter")],
  ],
  [
    "files-composer",
    "talk=rich",
    [
      hash(TALK),
      ...attach("/home/anna/обращение.pdf"),
      ...attach("/home/anna/DSC_0412.jpg"),
      type("composer", "A-2026/14"),
    ],
  ],
  [
    "files-drop",
    "talk=rich",
    [hash(TALK), see("composer"), (page) => page.evaluate(() => globalThis.fakeDrop({ kind: "over" }))],
  ],
  ["files-viewer", "talk=files", [hash(TALK), top, click("thumbnail"), see("viewer-picture")]],
  ["files-save", "talk=files", [hash(TALK), top, click("save-open"), see("save-form")]],
  ["files-largest", "talk=files&size=largest", [hash(TALK)]],
  ["rename", "groups=some", [...aboutIt("group"), click("rename-open")]],
  [
    "renamed",
    "groups=some",
    [
      ...aboutIt("group"),
      click("rename-open"),
      type("rename-name", " A-2026/14"),
      keys("Enter"),
      see("rename-sent"),
      click("about-open"),
      see("renamed"),
    ],
  ],
  ["receipts-about", "groups=some", [...aboutIt("group"), see("receipts")]],
  ["safety", "member", [hash("/members/3"), see("safety-state")]],
  ["safety-verified", "verified=3,2", [hash("/members/3"), see("safety-unmark")]],
  ["safety-direct", "groups=some&verified=3", opened("direct")],
  ["safety-largest", "size=largest", [hash("/members/3"), see("safety-mark")]],
  ["settings-notices", "talk=rich", [hash("/settings/notices")]],
];
SCREENS.push(...TRUST.map(([name, scene, steps]) => [name, `member&${scene}`, steps]));

/** Devices of one's own: the first one, a further one, and one before the door. */
const DEVICES = [hash("/settings/devices"), see("devices")];
const compare = [...DEVICES, click("device-add"), see("device-code")];
const pasted = (text) => [click("way-device"), type("device-link-paste", text)];
const OWN = [
  ["devices", "member&devices=some", DEVICES],
  ["devices-only", "member", DEVICES],
  ["devices-full", "member&devices=full", DEVICES],
  [
    "devices-link",
    "member&devices=some&comes=never",
    [...DEVICES, click("device-add"), see("device-link-cancel")],
  ],
  ["devices-compare", "member&devices=some", [...compare, see("device-admit")]],
  [
    "devices-wrong-code",
    "member&devices=some&refuse=admit_device&code=wrong_code",
    [...compare, click("device-admit"), see("device-refuse")],
  ],
  [
    "devices-admitted",
    "member&devices=some",
    [...compare, click("device-history"), click("device-admit"), see("device-admitted")],
  ],
  [
    "devices-over",
    "member&devices=some&comes=never",
    [
      ...DEVICES,
      click("device-add"),
      see("device-link"),
      (page) => page.evaluate(() => globalThis.fakeDevices.expire()),
      see("device-link-over"),
    ],
  ],
  ["devices-revoke", "member&devices=some", [...DEVICES, click("device-revoke-open")]],
  ["devices-further", "member&devices=further", DEVICES],
  ["devices-leave", "member&devices=further", [...DEVICES, click("device-leave-open")]],
  [
    "devices-banner",
    "member&devices=some",
    [...DEVICES, click("device-add"), see("device-link"), hash("/motions"), see("banner-device")],
  ],
  [
    "devices-changed",
    "member&devices=some",
    [
      ...compare,
      (page) => page.evaluate(() => globalThis.fakeDevices.come("Rechner", "55555 12345")),
      see("device-refuse"),
    ],
  ],
  ["devices-largest", "member&devices=some&size=largest", [...compare, see("device-admit")]],
  [
    "device-join",
    "none",
    [...pasted("veche:device/h4v8p1c6"), type("device-name", "Планшет"), see("join-device")],
  ],
  ["device-join-top", "none", [...pasted("veche:device/h4v8p1c6")]],
  ["device-mangled", "none", pasted("https://example")],
  ["device-misplaced", "none", [type("invitation-link", "veche:device/h4v8p1c6"), see("misplaced")]],
  ["device-waits", "none&devices=waiting", [see("device-code")]],
  ["device-revoked", "member&devices=revoked", []],
  ["device-entering", "member&devices=entering", []],
  ["device-came", "member&newly=come", []],
  ["device-barred", "member&vote=barred", motion(0)],
  ["notes", "member&notes=some&groups=some", opened("own")],
  ["notes-empty", "member&notes=none", opened("own")],
  ["notes-about", "member&notes=some", aboutIt("own")],
];
SCREENS.push(...OWN);

SCREENS.push(...AMONG.map(([name, steps]) => [name, "member&motions=options", steps]));

const filter = process.argv[2] ?? "";
const sizes = {
  wide: { width: 1180, height: 780 },
  narrow: { width: Number(process.env.NARROW ?? 400), height: 760 },
};
mkdirSync(TARGET, { recursive: true });

const server = await createServer({ root: ROOT, logLevel: "error", server: { port: 0, host: "127.0.0.1" } });
await server.listen();
const address = server.resolvedUrls.local[0];
const browser = await puppeteer.launch({
  executablePath: CHROMIUM,
  args: FLAGS,
});
let faults = 0;
const page = await browser.newPage();
page.on("pageerror", (error) => {
  faults += 1;
  console.error(String(error));
});

for (const [name, scene, steps] of SCREENS) {
  for (const language of ["ru", "en"]) {
    for (const theme of ["light", "dark"]) {
      for (const [width, viewport] of Object.entries(sizes)) {
        const file = `${name}-${language}-${theme}-${width}`;
        if (!file.includes(filter)) continue;
        await page.setViewport(viewport);
        await page.goto("about:blank");
        await page.goto(`${address}?fake=${scene}&language=${language}&theme=${theme}`);
        await page.waitForSelector("main, nav");
        await page.evaluate(() => document.fonts.ready);
        try {
          for (const step of steps) {
            await new Promise((resolve) => setTimeout(resolve, 150));
            await step(page, language);
          }
        } catch (error) {
          faults += 1;
          console.error(`${file}: ${error.message}`);
        }
        await page.keyboard.up("Control");
        await new Promise((resolve) => setTimeout(resolve, 250));
        const sideways = await page.evaluate(() => document.documentElement.scrollWidth > innerWidth);
        if (sideways) {
          faults += 1;
          console.error(`${file}: wider than the window`);
        }
        if (width === "wide" || theme === "light") faults += await audit(page, file);
        await page.screenshot({ path: join(TARGET, `${file}.png`) });
      }
    }
  }
}

/** What a screen reader or a weak eye would stumble over; the number of faults. */
async function audit(page, file) {
  await page.evaluate(axe.source);
  const { violations } = await page.evaluate(() =>
    globalThis.axe.run(document, { runOnly: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "best-practice"] }),
  );
  for (const { id, nodes } of violations) {
    console.error(`${file}: ${id}: ${nodes.map((node) => node.target.join(" ")).join(", ")}`);
  }
  return violations.length;
}

await browser.close();
await server.close();
console.log(`pictures in ${TARGET}; faults: ${faults}`);
process.exit(faults === 0 ? 0 : 1);
