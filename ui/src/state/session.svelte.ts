// What the page knows, read again whenever the backend says that it has changed.

import { ask, asRefusal, backend, type VaultStatus } from "../backend/backend";
import type {
  AdmissionView,
  ConversationId,
  ConversationView,
  DevicesView,
  Event,
  MemberView,
  MotionId,
  MotionView,
  Overview,
  Refusal,
  Topic,
  Work,
} from "../backend/types";

import { t } from "../i18n/i18n.svelte";
import { beginning } from "./beginning.svelte";
import { Composing } from "./composing.svelte";
import { counted } from "./conversations";
import { draft } from "./draft.svelte";
import { bare, type Named } from "./marks";
import { doubles, look } from "./names";
import { searching } from "./searching.svelte";
import { Talk } from "./talk.svelte";

class Session {
  vault = $state<VaultStatus | null>(null);
  version = $state("");
  overview = $state<Overview | null>(null);
  members = $state<MemberView[]>([]);
  admissions = $state<AdmissionView[]>([]);
  conversations = $state<ConversationView[]>([]);
  /** The conversation that is read, or was read last. */
  talk = $state<Talk | null>(null);
  motions = $state<MotionView[]>([]);
  /** One's own devices; null until they are read. */
  devices = $state<DevicesView | null>(null);
  progress = $state<Partial<Record<Work, { done: number; total: number }>>>({});
  /** Why the page could not be read; null when all is well. */
  trouble = $state<Refusal | null>(null);

  /** What is being written, by conversation. */
  #composing = new Map<ConversationId, Composing>();
  #ending: (() => void) | null = null;
  #reading = new Map<Topic, Promise<void>>();
  #again = new Set<Topic>();

  #doubles = $derived(doubles(this.members.map((member) => member.name)));
  admitted = $derived(this.overview?.assembly?.standing === "admitted");
  /** Messages and mentions that have not been read, in all conversations that are not muted. */
  unread = $derived(counted(this.conversations, "unread"));
  mentions = $derived(counted(this.conversations, "mentions"));
  /** Members as one writes of them. */
  named = $derived<Named[]>(
    this.members.map(({ seat }) => ({ seat, label: bare(this.nameOf(seat)).replace(/\s+/g, " ").trim() })),
  );

  async start(): Promise<void> {
    this.version = await backend().version();
    await this.look();
  }

  /** Looks at the vault and, if it is open, reads everything. */
  async look(): Promise<void> {
    this.vault = await backend().vaultStatus();
    if (this.vault.state !== "open") return this.#forget();
    this.#ending ??= await backend().subscribe((event) => this.#hear(event));
    await this.refresh("overview");
  }

  async lock(): Promise<void> {
    await Promise.all([...this.#composing.values()].map((composing) => composing.save().catch(() => {})));
    await backend().lock();
    await this.look();
  }

  motion(id: MotionId): MotionView | null {
    return this.motions.find((motion) => motion.id === id) ?? null;
  }

  /** How members call the seat; with its number where somebody else's name looks the same. */
  nameOf(seat: number): string {
    const name = this.members.find((member) => member.seat === seat)?.name;
    if (name === undefined) return t("seat", { seat });
    return this.#doubles.has(look(name)) ? t("name-with-seat", { name, seat }) : name;
  }

  /** Members whose names are easily taken for this one. */
  likeNamed(name: string): MemberView[] {
    return this.members.filter((member) => look(member.name) === look(name));
  }

  /** Reads one topic again; while a reading goes on, at most one more is queued. */
  async refresh(topic: Topic): Promise<void> {
    const going = this.#reading.get(topic);
    if (going) {
      this.#again.add(topic);
      return going;
    }
    const reading = this.#read(topic)
      .then(() => void (this.trouble = null))
      .catch((thrown: unknown) => this.#fail(asRefusal(thrown)))
      .finally(() => this.#reading.delete(topic));
    this.#reading.set(topic, reading);
    await reading;
    if (this.#again.delete(topic)) await this.refresh(topic);
  }

  /** A conversation comes before the reader's eyes; it goes when another comes, or by `leaveTalk`. */
  async openTalk(id: ConversationId): Promise<void> {
    if (this.talk?.id !== id) {
      this.talk?.leave();
      this.talk = new Talk(id);
    }
    this.talk.open();
    await this.refresh("conversations");
  }

  /** Reads conversations until one is known that has just been begun: a reading that was under way may be from before. */
  async learn(id: ConversationId): Promise<void> {
    await this.refresh("conversations");
    if (this.conversation(id) === null) await this.refresh("conversations");
  }

  leaveTalk(): void {
    this.talk?.leave();
  }

  conversation(id: ConversationId): ConversationView | null {
    return this.conversations.find((conversation) => conversation.id === id) ?? null;
  }

  composing(id: ConversationId): Composing {
    const known = this.#composing.get(id);
    if (known) return known;
    const made = new Composing(id);
    this.#composing.set(id, made);
    return made;
  }

  async #read(topic: Topic): Promise<void> {
    switch (topic) {
      case "overview": {
        const wasIn = this.admitted;
        this.overview = (await ask({ request: "overview" })).overview;
        if (this.admitted && !wasIn) await this.#readAll();
        return;
      }
      case "members":
        if (!this.admitted) return;
        this.members = (await ask({ request: "members" })).members;
        this.admissions = (await ask({ request: "admissions" })).admissions;
        return;
      case "conversations":
        if (!this.admitted) return;
        await this.#readConversations();
        return;
      case "motions":
        if (!this.admitted) return;
        this.motions = (await ask({ request: "motions" })).motions;
        return;
      case "devices":
        if (!this.admitted) return;
        this.devices = (await ask({ request: "devices" })).devices;
        return;
    }
  }

  #fail(refusal: Refusal): void {
    switch (refusal.code) {
      // The journal is still being read; we are told when it has been.
      case "not_ready":
        return;
      // Locked by itself, as when its disk failed.
      case "locked":
        return void this.look();
      default:
        this.trouble = refusal;
    }
  }

  async #readConversations(): Promise<void> {
    this.conversations = (await ask({ request: "conversations" })).conversations;
    const talk = this.talk;
    const view = talk && this.conversation(talk.id);
    if (talk && view && (await talk.refresh(view))) {
      this.conversations = (await ask({ request: "conversations" })).conversations;
    }
  }

  async #readAll(): Promise<void> {
    await Promise.all([
      this.refresh("members"),
      this.refresh("conversations"),
      this.refresh("motions"),
      this.refresh("devices"),
    ]);
  }

  #hear(event: Event): void {
    switch (event.event) {
      case "changed":
        for (const topic of event.topics) void this.refresh(topic);
        return;
      case "message":
        void this.refresh("conversations");
        return;
      case "motion_phase":
        void this.refresh("motions");
        return;
      case "transfer":
        if (this.talk?.id === event.conversation) this.talk.transferred(event.message, event.transfer);
        return;
      case "evidence":
        void this.refresh("overview");
        return;
      // The system is told by the shell; the page shows the same anyway.
      case "notice":
        return;
      case "progress": {
        const { work, done, total } = event;
        this.progress = { ...this.progress, [work]: done < total ? { done, total } : undefined };
        return;
      }
    }
  }

  #forget(): void {
    this.#ending?.();
    this.#ending = null;
    this.overview = null;
    this.members = [];
    this.admissions = [];
    this.conversations = [];
    this.talk = null;
    this.#composing.clear();
    searching.clear();
    beginning.open = false;
    this.motions = [];
    this.devices = null;
    this.progress = {};
    this.trouble = null;
    draft.clear();
  }
}

export const session = new Session();
