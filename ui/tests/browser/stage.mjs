// The page in a browser, with made-up people behind it. Needs Chromium (CHROMIUM=/path, or `chromium` of the system).

import { existsSync } from "node:fs";
import { after, before } from "node:test";
import { fileURLToPath } from "node:url";

import axe from "axe-core";
import puppeteer from "puppeteer-core";
import { createServer } from "vite";
import { CHROMIUM, FLAGS } from "../../scripts/browser.mjs";

const ROOT = fileURLToPath(new URL("../..", import.meta.url));

/** Why tests in a browser are skipped, if they are. */
const missing = existsSync(CHROMIUM) ? false : `no browser at ${CHROMIUM}`;

/** What every test of a file is given. */
export const options = { skip: missing, timeout: 90_000 };

/** The stage for the tests of one file: it is there while they run. `then` is done once it is open. */
export function staged(then = async () => {}) {
  const stage = new Stage();
  before(() => missing || stage.open().then(() => then(stage)));
  after(() => stage.close());
  return stage;
}

/** A server of the page as it is being written, and a browser. */
class Stage {
  faults = [];
  #server;
  #browser;

  async open() {
    this.#server = await createServer({
      root: ROOT,
      logLevel: "error",
      server: { port: 0, host: "127.0.0.1", hmr: false },
    });
    await this.#server.listen();
    this.#browser = await puppeteer.launch({ executablePath: CHROMIUM, args: FLAGS });
    this.page = await this.#browser.newPage();
    await this.#warmUp();
    this.page.on("pageerror", (error) => this.faults.push(String(error)));
  }

  /** In a fresh clone the server puts the libraries together while the first page waits, and that page has to be asked for again. */
  async #warmUp() {
    for (const timeout of [20_000, 30_000, 40_000, 60_000]) {
      const shown = await this.page
        .goto(`${this.#server.resolvedUrls.local[0]}?fake=member`, { timeout })
        .then(() => this.page.waitForSelector("main, nav", { timeout }))
        .catch(() => null);
      if (shown) return;
    }
    throw new Error("the page does not come up: `npm run dev` in ui/ says why");
  }

  /** Goes to a scene of `src/backend/fake.ts`: `member&vote=stuck`. */
  async scene(scene, { language = "ru", theme = "light", width = 1180, height = 780 } = {}) {
    await this.page.setViewport({ width, height });
    await this.page.goto("about:blank");
    const address = this.#server.resolvedUrls.local[0];
    await this.page.goto(`${address}?fake=${scene}&language=${language}&theme=${theme}`);
    await this.page.waitForSelector("main, nav");
    await this.page.evaluate(() => document.fonts.ready);
  }

  /** A module of the page. */
  module(path) {
    return this.#server.ssrLoadModule(path);
  }

  see(testid, more = "") {
    return this.page.waitForSelector(`[data-testid="${testid}"]${more}`, { timeout: 10_000 });
  }

  async click(testid) {
    await this.page.locator(`[data-testid="${testid}"]`).setTimeout(10_000).click();
  }

  async type(testid, text) {
    await (await this.see(testid)).type(text);
  }

  /** Puts a text where it would be pasted. */
  async paste(testid, text) {
    await this.see(testid);
    await this.page.evaluate(
      (selector, value) => {
        const field = document.querySelector(selector);
        field.value = value;
        field.dispatchEvent(new Event("input", { bubbles: true }));
      },
      `[data-testid="${testid}"]`,
      text,
    );
  }

  async text(testid) {
    return (await this.see(testid)).evaluate((element) => element.innerText);
  }

  /** What a screen reader or a weak eye would stumble over. */
  async stumbles() {
    await this.page.evaluate(axe.source);
    const { violations } = await this.page.evaluate(() =>
      globalThis.axe.run(document, {
        runOnly: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "best-practice"],
      }),
    );
    return violations.map(
      ({ id, nodes }) => `${id}: ${nodes.map((node) => node.target.join(" ")).join(", ")}`,
    );
  }

  /** Waits until nothing has this test id any more. */
  gone(testid) {
    return this.page.waitForFunction((id) => !document.querySelector(`[data-testid="${id}"]`), {}, testid);
  }

  /** Presses a key while another is held. */
  async hold(modifier, key) {
    await this.page.keyboard.down(modifier);
    await this.press(key);
    await this.page.keyboard.up(modifier);
  }

  /** Presses keys one after the other. */
  async press(...keys) {
    for (const key of keys) await this.page.keyboard.press(key);
  }

  /** The test id of what has the focus, or of what it is in. */
  focused() {
    return this.page.evaluate(() => document.activeElement?.closest("[data-testid]")?.dataset.testid ?? "");
  }

  /** Goes on with Tab until the control is reached. */
  async tabTo(testid) {
    for (let step = 0; step < 80; step += 1) {
      await this.press("Tab");
      if ((await this.focused()) === testid) return;
    }
    throw new Error(`Tab never comes to ${testid}`);
  }

  /** The texts of everything with this test id. */
  texts(testid) {
    return this.page.$$eval(`[data-testid="${testid}"]`, (all) =>
      all.map((element) =>
        (element instanceof HTMLInputElement ? element.value : element.innerText).trim().replace(/\s+/g, " "),
      ),
    );
  }

  go(route) {
    return this.page.evaluate((to) => (location.hash = to), route);
  }

  /** Opens the motion of the list's row. */
  async motion(index) {
    await this.go("/motions");
    await this.see("motion-row");
    await this.page.evaluate(
      (at) => document.querySelectorAll('[data-testid="motion-row"]')[at].click(),
      index,
    );
    await this.see("motion");
  }

  async close() {
    await this.#browser?.close();
    await this.#server?.close();
  }
}
