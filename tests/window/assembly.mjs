// An assembly that is founded in the window, and members who come into it.

import { after, before } from "node:test";

import { Agent } from "./agent.mjs";
import { missing, Stage } from "./stage.mjs";
import { Window } from "./window.mjs";

export const PASSPHRASE = "anchor lantern quiet meadow violin harbour";

/** What the tests of one file share: the stage, the window on it while they run, and what every test is given. */
export function opened(name, { programs = [], timeout = 180_000 } = {}) {
  const options = { skip: missing("veche-desktop", ...programs), timeout };
  const [stage, window] = [new Stage(), new Window()];
  before(async () => {
    if (!options.skip) await window.open(stage, { args: ["--lang", "ru", "--theme", "light"] });
  });
  after(async () => {
    await window.picture(`${name}-last`).catch(() => {});
    await window.close();
    await stage.end();
  });
  return { options, stage, window };
}

/** Creates the vault and founds an assembly on a relay of its own; `charter` fills in more of the form. */
export async function found({ stage, window }, name, declaration, charter = async () => {}) {
  const relay = await stage.relay();
  await window.type("passphrase", PASSPHRASE);
  await window.type("passphrase-again", PASSPHRASE);
  await window.click("create");
  await window.click("way-found");
  await window.type("assembly-name", name);
  await window.type("declaration", declaration);
  await window.type("member-name", "Анна");
  await window.type("relay-address", relay);
  await charter();
  await window.click("found");
  await window.see("rail-members");
}

/** Invites somebody who has no window, and who asks to be let in. */
export async function invite({ stage, window }, name) {
  const agent = Agent.start(stage, name);
  await window.click("rail-members");
  await window.click("invite-open");
  await window.click("invite");
  await window.see("invitation");
  const link = await window.value("invitation");
  await window.click("dialog-close");
  await agent.ask("join", { link, member_name: name });
  return agent;
}
