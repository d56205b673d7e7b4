// Processes of a test: where the programs are, how they are started, and that none of them outlives the test.

import { spawn } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";

const ROOT = fileURLToPath(new URL("../..", import.meta.url));
export const SCREENSHOTS = join(process.env.CARGO_TARGET_DIR ?? join(ROOT, "target"), "screenshots");
mkdirSync(SCREENSHOTS, { recursive: true });

/** Path of a program: its own variable (`VECHE_RELAY`), else the folder `VECHE_BIN_DIR`, else the debug build. */
export function program(name) {
  const own = process.env[name.replaceAll("-", "_").toUpperCase()];
  const folder =
    process.env.VECHE_BIN_DIR ?? join(process.env.CARGO_TARGET_DIR ?? join(ROOT, "target"), "debug");
  return own ?? join(folder, name);
}

export function missing(...names) {
  const absent = names.filter((name) => !existsSync(program(name)));
  return absent.length > 0 ? `not built: ${absent.join(", ")}` : false;
}

export const sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

/** Looks until `look` gives something; says what was awaited if it never does. */
export async function until(what, look, patience = 60_000) {
  const ends = Date.now() + patience;
  let last;
  while (Date.now() < ends) {
    try {
      const found = await look();
      if (found) return found;
    } catch (error) {
      last = error;
    }
    await sleep(200);
  }
  throw new Error(`waited in vain: ${what}${last ? ` (${last.message})` : ""}`);
}

/** A folder of one's own and the processes of one test. */
export class Stage {
  #children = [];

  constructor() {
    this.folder = mkdtempSync(join(tmpdir(), "veche-window-"));
    this.display = process.env.DISPLAY;
  }

  start(command, args, environment = {}) {
    const child = spawn(command, args, {
      stdio: ["pipe", "pipe", "pipe"],
      env: { ...process.env, ...(this.display ? { DISPLAY: this.display } : {}), ...environment },
    });
    child.complaints = "";
    child.stderr.on("data", (bytes) => (child.complaints = (child.complaints + bytes).slice(-4000)));
    child.on("error", (error) => (child.complaints += error.message));
    this.#children.push(child);
    return child;
  }

  /** A display without a screen, if there is no other. */
  async needDisplay() {
    if (this.display) return;
    const child = this.start("Xvfb", ["-displayfd", "1", "-screen", "0", "1280x860x24", "-nolisten", "tcp"]);
    const number = await firstLine(child, /^(\d+)$/);
    this.display = `:${number}`;
  }

  /** Starts a relay on loopback; answers its address line. */
  async relay() {
    const listen = `127.0.0.1:${await freePort()}`;
    const data = join(this.folder, "relay");
    const args = ["serve", "--listen", listen, "--advertise", listen, "--data", data];
    return firstLine(this.start(program("veche-relay"), args), /(veche-relay:\/\/[^\s"]+)/);
  }

  async end() {
    for (const child of this.#children.reverse()) {
      if (child.exitCode !== null || child.signalCode !== null) continue;
      const ended = new Promise((resolve) => child.once("exit", resolve));
      child.kill("SIGTERM");
      await Promise.race([ended, sleep(5_000).then(() => child.kill("SIGKILL"))]);
    }
    rmSync(this.folder, { recursive: true, force: true });
  }
}

export async function freePort() {
  const server = createServer();
  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address();
  await new Promise((resolve) => server.close(resolve));
  return port;
}

function firstLine(child, pattern) {
  return new Promise((resolve, reject) => {
    const lines = createInterface({ input: child.stdout });
    lines.on("line", (line) => {
      const match = pattern.exec(line);
      if (match) resolve(match[1]);
    });
    child.on("exit", () => reject(new Error(`${child.spawnfile} ended: ${child.complaints}`)));
    child.on("error", reject);
  });
}
