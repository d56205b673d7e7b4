// A member without a window: `veche agent`, spoken to in JSON lines.

import { execFileSync } from "node:child_process";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { createInterface } from "node:readline";

import { program, until } from "./stage.mjs";

export class Agent {
  #child;
  #waiting = new Map();
  #next = 1;

  static start(stage, name) {
    const vault = join(stage.folder, `vault-${name}`);
    const file = join(stage.folder, `${name}.passphrase`);
    writeFileSync(file, `passphrase of ${name}\n`);
    const options = ["--vault", vault, "--passphrase-file", file];
    execFileSync(program("veche"), [...options, "--argon2", "light", "create"], { stdio: "pipe" });
    const agent = new Agent();
    agent.name = name;
    agent.#child = stage.start(program("veche"), [...options, "agent"]);
    createInterface({ input: agent.#child.stdout }).on("line", (line) => agent.#hear(JSON.parse(line)));
    return agent;
  }

  #hear(line) {
    if (line.id === undefined) return;
    const { resolve, reject } = this.#waiting.get(line.id) ?? {};
    this.#waiting.delete(line.id);
    if (line.refusal) reject?.(new Error(`${this.name}: ${line.refusal.code}: ${line.refusal.details}`));
    else resolve?.(line);
  }

  ask(request, fields = {}) {
    const id = this.#next++;
    return new Promise((resolve, reject) => {
      this.#waiting.set(id, { resolve, reject });
      this.#child.stdin.write(`${JSON.stringify({ id, request, ...fields })}\n`);
    });
  }

  async motion(title) {
    const { motions } = await this.ask("motions");
    return motions.find((motion) => motion.title === title);
  }

  /** Waits until the motion of this title is in the phase, and answers it. */
  phase(title, phase, patience = 120_000) {
    return until(
      `${this.name} sees ${title} ${phase}`,
      async () => {
        const motion = await this.motion(title);
        return motion?.phase === phase && motion;
      },
      patience,
    );
  }
}
