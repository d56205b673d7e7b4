// The window through WebDriver (W3C): tauri-driver in front of WebKit's driver.

import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";

import { freePort, program, SCREENSHOTS, until } from "./stage.mjs";

const ELEMENT = "element-6066-11e4-a52e-4f735466cecf";
const ENTER = "\uE007";

export class Window {
  #address;
  #session;

  /** Opens the program on a vault of the stage, with settings of its own. */
  async open(stage, { vault = "vault", args = [] } = {}) {
    await stage.needDisplay();
    const [port, native] = [await freePort(), await freePort()];
    const home = join(stage.folder, "home");
    mkdirSync(home, { recursive: true });
    const driver = stage.start("tauri-driver", [`--port=${port}`, `--native-port=${native}`], {
      HOME: home,
      XDG_CONFIG_HOME: join(home, "config"),
      XDG_DATA_HOME: join(home, "data"),
      GDK_BACKEND: "x11",
      // There is no graphics device behind the display; pages are still composited.
      WEBKIT_DISABLE_DMABUF_RENDERER: "1",
      PATH: `${process.env.HOME}/.cargo/bin:${process.env.PATH}`,
    });
    this.#address = `http://127.0.0.1:${port}`;
    await until("the driver listens", () => fetch(`${this.#address}/status`).then(() => true));
    const application = program("veche-desktop");
    const options = { application, args: ["--vault", join(stage.folder, vault), ...args] };
    try {
      const opened = await this.#ask("POST", "/session", {
        capabilities: { alwaysMatch: { "tauri:options": options } },
      });
      this.#session = `/session/${opened.sessionId}`;
    } catch (error) {
      throw new Error(`${error.message}\n${driver.complaints}`);
    }
  }

  async #ask(method, path, body) {
    const answer = await fetch(`${this.#address}${path}`, {
      method,
      signal: AbortSignal.timeout(60_000),
      headers: { "Content-Type": "application/json" },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    const { value } = await answer.json();
    if (value?.error) throw new Error(`${value.error}: ${value.message}`);
    return value;
  }

  #call(method, command, body) {
    return this.#ask(method, `${this.#session}/${command}`, body);
  }

  run(script, ...args) {
    return this.#call("POST", "execute/sync", { script, args });
  }

  async #element(selector) {
    return (await this.#call("POST", "element", { using: "css selector", value: selector }))[ELEMENT];
  }

  /** Waits until something with this test id is there. */
  see(testid, more = "", patience = 60_000) {
    return until(
      `${testid}${more} is seen`,
      () => this.#element(`[data-testid="${testid}"]${more}`),
      patience,
    );
  }

  /** Clicks as a person does, once the control is there and can be used. */
  async click(testid, more = "") {
    const selector = `[data-testid="${testid}"]${more}`;
    await until(`${selector} can be clicked`, async () => {
      const element = await this.#element(selector);
      if (!(await this.#call("GET", `element/${element}/enabled`))) return false;
      await this.#call("POST", `element/${element}/click`, {});
      return true;
    });
  }

  /** Clicks what may be gone by now. */
  clickIfThere(testid) {
    return this.run(
      "const button = document.querySelector(arguments[0]); if (button && !button.disabled) button.click();",
      `[data-testid="${testid}"]`,
    );
  }

  async type(testid, text, more = "") {
    const element = await this.see(testid, more);
    await this.#call("POST", `element/${element}/value`, { text });
  }

  enter(testid) {
    return this.type(testid, ENTER);
  }

  /** Replaces what a field holds. */
  async fill(testid, text) {
    const element = await this.see(testid);
    await this.#call("POST", `element/${element}/clear`, {});
    await this.#call("POST", `element/${element}/value`, { text });
  }

  /** Puts in a long text at once, as pasting does. */
  async paste(testid, text) {
    await this.see(testid);
    await this.run(
      `const field = document.querySelector(arguments[0]);
       field.value = arguments[1];
       field.dispatchEvent(new Event("input", { bubbles: true }));`,
      `[data-testid="${testid}"]`,
      text,
    );
  }

  choose(testid, label) {
    return this.run(
      `const select = document.querySelector(arguments[0]);
       select.value = [...select.options].find((option) => option.text === arguments[1]).value;
       select.dispatchEvent(new Event("change", { bubbles: true }));`,
      `[data-testid="${testid}"]`,
      label,
    );
  }

  async text(testid, more = "") {
    return this.#call("GET", `element/${await this.see(testid, more)}/text`);
  }

  value(testid) {
    return this.run("return document.querySelector(arguments[0])?.value", `[data-testid="${testid}"]`);
  }

  attribute(testid, name) {
    return this.run(
      "return document.querySelector(arguments[0])?.getAttribute(arguments[1])",
      `[data-testid="${testid}"]`,
      name,
    );
  }

  page() {
    return this.run("return document.body.innerText");
  }

  shows(text, patience = 60_000) {
    return until(
      `the page shows ${JSON.stringify(text)}`,
      async () => (await this.page()).includes(text),
      patience,
    );
  }

  /** A picture is taken of the next frame, and a page at rest draws none: so it is given something to draw. */
  async picture(name) {
    await this.run(
      `let frame = 0;
       const draw = () => {
         frame += 1;
         document.body.style.outline = frame < 120 ? \`1px solid rgb(0 0 0 / \${(frame % 2) * 0.004})\` : "";
         if (frame < 120) requestAnimationFrame(draw);
       };
       draw();`,
    );
    writeFileSync(
      join(SCREENSHOTS, `${name}.png`),
      Buffer.from(await this.#call("GET", "screenshot"), "base64"),
    );
  }

  /** Ends the session, which ends the program. */
  async close() {
    if (!this.#session) return;
    await this.#ask("DELETE", this.#session);
    this.#session = undefined;
  }
}
