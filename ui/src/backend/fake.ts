// A backend without anything behind it: for development and for pictures of the screens. It is chosen by `?fake` in
// development builds only and is not part of what is shipped.
//
// `?fake=absent|locked|none|requested|member|evidence|empty`, with `&language=`, `&theme=` and, for a picture of one's
// own vote, `&vote=<state>`, `&vote=stuck` for a ballot that the box does not take, or `&vote=barred` on another device.
// `&words=hostile` puts in names and texts of people who want to deceive the eye. `&motions=options` puts in motions with several options;
// `&refuse=propose` refuses every motion, `&refuse=send&code=store_failed` every request of a kind with a code;
// `&role=observer` takes a role. What the talk may be is said in `fake-talk.ts`; it lies open to tests as `fakeTalk`. Other conversations,
// and more members, are said in `fake-conversations.ts`, and lie open as `fakeConversations`; files are in `fake-files.ts`, and
// `fakeDrop` lets one fall on the window; compared members are in `fake-safety.ts`, one's own devices in `fake-devices.ts`
// (`fakeDevices`).

import type { Backend, Drop, Language, Settings, TextSize, Theme, VaultState } from "./backend";
import * as made from "./fake-assembly";
import { answers, elections } from "./fake-elections";
import { crowd, FakeConversations } from "./fake-conversations";
import { FakeDevices } from "./fake-devices";
import { fileAt, FakeFiles } from "./fake-files";
import { FakeSafety } from "./fake-safety";
import type {
  Answer,
  AssemblyView,
  Carrier,
  ConversationId,
  Event,
  MotionId,
  MotionView,
  Overview,
  OwnVoteState,
  Refusal,
  RefusalCode,
  Request,
  Role,
  Topic,
} from "./types";

const PROOF_STEPS = 12;

function refuse(code: RefusalCode, details = ""): never {
  throw { code, details } satisfies Refusal;
}

export function fake(parameters: URLSearchParams): Backend {
  const scene = parameters.get("fake") ?? "";
  const settings: Settings = {
    language: (parameters.get("language") as Language | null) ?? "ru",
    theme: (parameters.get("theme") as Theme | null) ?? "system",
    text_size: (parameters.get("size") as TextSize | null) ?? "normal",
  };
  const language = settings.language ?? "ru";
  const listeners = new Set<(event: Event) => void>();
  const say = (event: Event) => listeners.forEach((listener) => listener(event));
  const changed = (...topics: Topic[]) => say({ event: "changed", topics });

  let vault: VaultState = scene === "absent" ? "absent" : scene === "locked" ? "locked" : "open";
  let passphrase: string | null = null;
  let carrier: Carrier = { kind: "direct" };
  let assembly: AssemblyView | null = ["absent", "none"].includes(scene) ? null : made.assembly(language);
  if (assembly && scene === "requested") assembly.standing = "requested";
  // Detained: out with all devices, the first one too.
  if (assembly && parameters.get("standing") === "removed")
    Object.assign(assembly, { standing: "removed", seat: null, role: null, first_device: false });
  const empty = scene === "empty";
  const members = empty ? made.members(language).slice(0, 1) : crowd(parameters, made.members(language));
  let admissions = empty ? [] : made.admissions(language);
  const shared = { parameters, language, members, refuse, changed: () => changed("conversations"), say };
  const conversations = new FakeConversations(shared);
  const files = new FakeFiles(shared);
  const safety = new FakeSafety(parameters, members);
  const devices = new FakeDevices(
    shared,
    () => assembly,
    () => changed("devices", "overview"),
  );
  if (scene === "none" && parameters.get("devices") === "waiting") assembly = devices.join();
  let notices = true;
  const drops = new Set<(drop: Drop) => void>();
  const talk = conversations.plenary;
  Object.assign(globalThis, {
    fakeTalk: talk,
    fakeConversations: conversations,
    fakeDevices: devices,
    // The first device lets this one in, or will not have it.
    fakeLetIn: (refused: boolean) => {
      assembly = refused
        ? { ...devices.join(), standing: "refused", refused: "the link was cancelled" }
        : { ...made.assembly(language), first_device: false };
      changed("overview");
    },
    fakeDrop: (drop: Drop) => drops.forEach((listener) => listener(drop)),
  });
  if (assembly && parameters.has("role")) assembly.role = parameters.get("role") as Role;
  if (assembly && parameters.has("anew"))
    assembly.plenary = made.plenary(parameters.get("anew") ?? "", assembly.charter.detain_signers);
  const among = parameters.get("motions") === "options";
  let motions = empty ? [] : among ? elections(language) : made.motions(language);

  const shown = parameters.get("vote") as OwnVoteState | "stuck" | "barred" | null;
  if (motions[0] && shown === "barred") motions[0].mine.barred = "other_device";
  else if (shown && shown !== "barred" && motions[0]) {
    const [state, cast_by]: [OwnVoteState, number] =
      shown === "stuck" ? ["prepared", Date.now() - 600_000] : [shown, Date.now() + 1_500_000];
    motions[0].mine = { state, cast_by, choice: null, barred: null };
  }
  const hostile = parameters.get("words") === "hostile";
  if (hostile) made.deceive(members, admissions, talk.messages, motions);

  /** Signs a proposal, or makes one. */
  function refound(conversation?: ConversationId | null): ConversationId {
    const plenary = assembly?.plenary ?? refuse("not_ready", "the journal is not here");
    const known = plenary.proposals.find((proposal) => proposal.conversation === conversation);
    const proposal = known ?? {
      conversation: made.hex(77) as ConversationId,
      signed_by: [],
      needed: assembly?.charter.detain_signers ?? 1,
      until: Date.now() + made.WEEK,
      signed_by_me: false,
    };
    if (!known) plenary.proposals.push(proposal);
    proposal.signed_by.push(1);
    proposal.signed_by_me = true;
    changed("overview");
    return proposal.conversation;
  }

  function overview(): Overview {
    return {
      assembly,
      connection: {
        state: assembly === null ? "idle" : scene === "evidence" ? "offline" : "online",
        carrier,
        clock_skew_ms: null,
      },
      new_devices: devices.newly(),
      outbox_entries: scene === "evidence" ? 3 : 0,
      evidence:
        scene === "evidence"
          ? [
              {
                kind: "fork",
                log: "9f2c41aa07b3",
                noticed: Date.now() - 600_000,
                details: "size 212: root 41c9… signed at 12:01, root 8be0… signed at 12:03",
                by: null,
              },
            ]
          : [],
      notice: scene === "evidence" ? "journal_key_missing" : null,
      notices,
    };
  }

  function change(id: MotionId, next: Partial<MotionView>): MotionView {
    const motion = motions.find((candidate) => candidate.id === id) ?? refuse("unknown");
    const changedMotion = { ...motion, ...next };
    motions = motions.map((candidate) => (candidate.id === id ? changedMotion : candidate));
    changed("motions");
    return changedMotion;
  }

  /** Walks a vote through its states, a second each. */
  function walk(id: MotionId, states: OwnVoteState[]): void {
    const [state, ...rest] = states;
    if (!state) return;
    const { mine, ballots } = motions.find((motion) => motion.id === id) ?? refuse("unknown");
    const cast_by = state === "prepared" ? Date.now() + 20 * 60_000 : null;
    change(id, { mine: { ...mine, state, cast_by }, ballots: state === "cast" ? ballots + 1 : ballots });
    if (state === "preparing") {
      for (let done = 1; done <= PROOF_STEPS; done += 1) {
        setTimeout(() => say({ event: "progress", work: "proof", done, total: PROOF_STEPS }), done * 80);
      }
    }
    setTimeout(() => walk(id, rest), 1_200);
  }

  const refused = parameters.get("refuse");
  const code = parameters.get("code") as RefusalCode | null;

  function answer(request: Request): Answer {
    if (request.request === refused && code) refuse(code, "as the test wants it");
    switch (request.request) {
      case "overview":
        return { answer: "overview", overview: overview() };
      case "found":
        if (!request.relay.startsWith("veche-relay://")) refuse("bad_relay_address", request.relay);
        assembly = {
          ...made.assembly(language),
          name: request.name,
          declaration: request.declaration,
          founding: true,
        };
        return { answer: "founded", assembly: assembly.id };
      case "invite":
        return {
          answer: "invitation",
          link: "veche:join/" + "q7m2x9v4k1".repeat(28),
          expires: Date.now() + (request.valid_ms ?? 604_800_000),
        };
      case "read_invitation":
        if (!request.link.startsWith("veche:join/")) refuse("invitation_mangled", "not an invitation");
        return {
          answer: "invitation_read",
          invitation: {
            assembly_name: made.assembly(language).name,
            assembly: made.assembly(language).id,
            relay: made.RELAY,
            role: "deputy",
            expires: Date.now() + 500_000_000,
            carrier: null,
          },
        };
      case "join":
        assembly = { ...made.assembly(language), standing: "requested", seat: null, role: null };
        return { answer: "done" };
      case "admissions":
        return { answer: "admissions", admissions };
      case "endorse":
        admissions = admissions.map((admission) =>
          admission.id === request.admission
            ? {
                ...admission,
                endorsed_by_me: true,
                endorsed_by: [...admission.endorsed_by, 1],
                state: "waiting",
              }
            : admission,
        );
        return { answer: "done" };
      case "object":
        admissions = admissions.map((admission) =>
          admission.id === request.admission
            ? { ...admission, objected_by: [...admission.objected_by, 1] }
            : admission,
        );
        return { answer: "done" };
      case "devices":
        return { answer: "devices", devices: devices.view() };
      case "link_device":
        return { answer: "device_link", ...devices.link() };
      case "read_device_link":
        return { answer: "device_link_read", link: devices.read(request.link) };
      case "join_as_device":
        assembly = devices.join();
        return { answer: "done" };
      case "admit_device":
        devices.admit(request);
        return { answer: "done" };
      case "give_up_device_link":
        if (assembly)
          Object.assign(assembly, { standing: "refused", refused: "given up", device_until: null });
        return { answer: "done" };
      case "cancel_device_link":
        devices.cancel();
        return { answer: "done" };
      case "revoke_device":
        if (devices.revoke(request) && assembly)
          Object.assign(assembly, { standing: "revoked", seat: null, role: null });
        changed("overview");
        return { answer: "done" };
      case "acknowledge_device":
        devices.acknowledge(request);
        changed("overview");
        return { answer: "done" };
      case "members":
        return { answer: "members", members };
      case "detain":
        return { answer: "done" };
      case "refound":
        return { answer: "conversation", conversation: refound(request.conversation) };
      case "conversations":
        return { answer: "conversations", conversations: conversations.views() };
      case "direct":
        return { answer: "conversation", conversation: conversations.direct(request) };
      case "found_group":
        return { answer: "conversation", conversation: conversations.found(request) };
      case "bring":
        conversations.bring(request);
        return { answer: "done" };
      case "ask_to_leave":
        conversations.askToLeave(request);
        return { answer: "done" };
      case "arrange":
        conversations.arrange(request);
        return { answer: "done" };
      case "send":
        return { answer: "sent", message: conversations.talk(request.conversation).send(request) };
      case "read":
        return { answer: "messages", messages: conversations.talk(request.conversation).read(request) };
      case "propose": {
        const first = made.motions(language)[2] ?? refuse("internal");
        const motion = crypto.randomUUID() as MotionId;
        const { title, text, kind, question = { method: "for_against_abstain" } } = request;
        if (parameters.get("refuse") === "propose") refuse("bad_request", "two options are the same");
        // It comes back with the journal.
        setTimeout(() => {
          motions = [
            {
              ...first,
              id: motion,
              title,
              text,
              kind,
              question,
              proposer: 1,
              seconded_by: [],
              proposed: Date.now(),
            },
            ...motions,
          ];
          changed("motions");
        }, 900);
        return { answer: "proposed", motion };
      }
      case "second":
        change(request.motion, { seconded_by: [6, 1], phase: "noticed", may_open: Date.now() + 60_000 });
        return { answer: "done" };
      case "open":
        change(request.motion, { phase: "open", opened: Date.now() });
        return { answer: "done" };
      case "withdraw":
        change(request.motion, { phase: "withdrawn" });
        return { answer: "done" };
      case "motions":
        return { answer: "motions", motions };
      case "motion":
        return { answer: "motion", motion: change(request.motion, {}) };
      case "vote": {
        const motion = change(request.motion, {});
        const { kind } = motion;
        if (!answers(request.choice, motion)) refuse("bad_request", "this motion asks otherwise");
        const states: OwnVoteState[] =
          kind === "secret"
            ? ["awaiting_witnesses", "preparing", "prepared", "cast", "counted"]
            : ["prepared", "cast", "counted"];
        const choice = kind === "roll_call" ? request.choice : null;
        change(request.motion, { mine: { state: "none", cast_by: null, choice, barred: null } });
        walk(request.motion, states);
        return { answer: "motion", motion: change(request.motion, {}) };
      }
      case "cancel":
        change(request.motion, { mine: { state: "none", cast_by: null, choice: null, barred: null } });
        return { answer: "done" };
      case "ballot":
        if (change(request.motion, {}).mine.state !== "prepared") refuse("wrong_phase", "no ballot waits");
        return { answer: "ballot", ballot: made.BALLOT };
      case "forward_ballot": {
        const { phase, mine } = change(request.motion, {});
        if (!/^([0-9a-f]{2})+$/i.test(request.ballot)) refuse("bad_request", "not a ballot");
        if (phase !== "open") refuse("wrong_phase", "the vote is not open");
        if (mine.state === "prepared" && request.ballot === made.BALLOT) refuse("not_allowed", "your own");
        return { answer: "done" };
      }
      case "export_audit":
        return { answer: "exported", path: request.path, bytes: 186_240 };
      case "edit":
        conversations.talk(request.conversation).edit(request);
        return { answer: "done" };
      case "delete":
        conversations.talk(request.conversation).takeBack(request);
        return { answer: "done" };
      case "react":
        conversations.talk(request.conversation).react(request);
        return { answer: "done" };
      case "set_timer":
        conversations.talk(request.conversation).setTimer(request);
        return { answer: "done" };
      case "set_draft":
        conversations.talk(request.conversation).setDraft(request);
        return { answer: "done" };
      case "search":
        return { answer: "found", messages: conversations.search(request) };
      case "attach": {
        const where = request.conversation ?? made.PLENARY;
        return { answer: "sent", message: files.attach(conversations.talk(where), where, request) };
      }
      case "fetch": {
        const where = request.conversation ?? made.PLENARY;
        files.fetch(conversations.talk(where), where, request.message);
        return { answer: "done" };
      }
      case "cancel_transfer": {
        const where = request.conversation ?? made.PLENARY;
        files.cancel(conversations.talk(where), where, request.message);
        return { answer: "done" };
      }
      case "save_attachment": {
        const bytes = files.save(conversations.talk(request.conversation), request);
        return { answer: "exported", path: request.path, bytes };
      }
      case "picture":
        return {
          answer: "picture",
          data: files.picture(conversations.talk(request.conversation), request.message),
        };
      case "rename":
        conversations.rename(request);
        return { answer: "done" };
      case "safety_number":
        return safety.number(request.seat);
      case "mark_verified":
        safety.mark(request.seat, request.verified);
        changed("members");
        return { answer: "done" };
      case "set_notices":
        notices = request.on;
        changed("overview");
        return { answer: "done" };
      case "set_carrier":
        carrier = request.carrier;
        return { answer: "done" };
    }
  }

  return {
    vaultStatus: async () => ({ state: vault, path: "/home/anna/.local/share/org.veche.desktop/vault" }),
    async createVault(given) {
      await pause(600);
      passphrase = given;
      vault = "open";
    },
    async unlock(given) {
      await pause(600);
      if (passphrase !== null && given !== passphrase) refuse("wrong_passphrase");
      vault = "open";
    },
    async lock() {
      vault = "locked";
    },
    async request(request) {
      await pause(30);
      if (vault !== "open") refuse("locked");
      return structuredClone(answer(request));
    },
    async subscribe(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    version: async () => "0.1.0",
    getSettings: async () => settings,
    async setSettings(next) {
      Object.assign(settings, next);
    },
    suggestPath: async (fileName) => `/home/anna/Documents/${fileName}`,
    fileAt: async (path) => fileAt(path, shared),
    async dropped(listener) {
      drops.add(listener);
      return () => drops.delete(listener);
    },
  };
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
