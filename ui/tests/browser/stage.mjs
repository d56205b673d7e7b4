// The page in a browser, with made-up people behind it. Needs Chromium (CHROMIUM=/path, or `chromium` of the system).

import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";

import puppeteer from "puppeteer-core";
import { createServer } from "vite";
import { CHROMIUM, FLAGS } from "../../scripts/browser.mjs";

const ROOT = fileURLToPath(new URL("../..", import.meta.url));

/** Why tests in a browser are skipped, if they are. */
export const missing = existsSync(CHROMIUM) ? false : `no browser at ${CHROMIUM}`;

/** A server of the page as it is being written, and a browser. */
export class Stage {
  faults = [];
  #server;
  #browser;

  static async open() {
    const stage = new Stage();
    stage.#server = await createServer({
      root: ROOT,
      logLevel: "error",
      server: { port: 0, host: "127.0.0.1", hmr: false },
    });
    await stage.#server.listen();
    stage.#browser = await puppeteer.launch({ executablePath: CHROMIUM, args: FLAGS });
    stage.page = await stage.#browser.newPage();
    stage.page.on("pageerror", (error) => stage.faults.push(String(error)));
    return stage;
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
