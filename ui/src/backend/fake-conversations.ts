// Conversations made up for development besides the plenary: direct ones and working groups, begun, joined and left as the
// program does it.
//
// `&groups=some` puts in one of each kind and state; in a conversation that is begun the others come in after a second,
// or never with `&comes=never`. `&members=70` makes the assembly that large. `&notes=some` puts in one's notes to oneself,
// `&notes=none` the same, and empty.

import type { Language } from "./backend";
import * as made from "./fake-assembly";
import type { Of, Scene } from "./fake-scene";
import { FakeTalk, said } from "./fake-talk";
import type {
  ConversationId,
  ConversationView,
  FoundView,
  MemberView,
  MessageId,
  MessageView,
} from "./types";

const MINUTE = 60_000;
const DAY = 24 * 60 * MINUTE;
const COMES_MS = 1_000;
const RENAMED_MS = 400;
const OTHERS_MAX = 49;

type Who = Pick<
  ConversationView,
  | "id"
  | "kind"
  | "title"
  | "peer"
  | "present"
  | "coming"
  | "leaving"
  | "standing"
  | "muted"
  | "archived"
  | "pinned"
  | "receipts"
  | "epoch"
  | "code"
>;

interface Known {
  who: Who;
  talk: FakeTalk;
}

export class FakeConversations {
  readonly plenary: FakeTalk;
  #known = new Map<ConversationId, Known>();
  #scene: Scene;
  #comes: boolean;

  constructor(scene: Scene) {
    this.#scene = scene;
    const { parameters, language, members } = scene;
    this.#comes = parameters.get("comes") !== "never";
    this.plenary = new FakeTalk(scene);
    const present = members.map(({ seat, name, since }) => ({ seat, name, since }));
    this.#know({ id: made.PLENARY, kind: "plenary", present }, this.plenary);
    if (parameters.get("groups") === "some") this.#some(language);
    if (parameters.has("notes")) this.#notes(language, parameters.get("notes") === "some");
  }

  views(): ConversationView[] {
    return [...this.#known.values()].map(({ who, talk }) => ({
      ...talk.view(),
      ...who,
      members: who.present.length,
    }));
  }

  talk(id: ConversationId | undefined): FakeTalk {
    return this.#one(id ?? made.PLENARY).talk;
  }

  search(request: Of<"search">): FoundView[] {
    const where = request.conversation
      ? [this.#one(request.conversation)]
      : [...this.#known.values()].filter(({ talk }) => talk.messages.length > 0);
    const found = where.flatMap(({ who, talk }) =>
      talk.search(request).map((message) => ({ conversation: who.id, message })),
    );
    return found.sort((one, other) => other.message.time - one.message.time).slice(0, request.limit ?? 50);
  }

  direct({ seat }: Of<"direct">): ConversationId {
    const other = this.#active(seat);
    if (other.own) this.#scene.refuse("bad_request", "a direct conversation is with somebody else");
    const known = [...this.#known.values()].find(({ who }) => who.peer === seat);
    if (known) return known.who.id;
    return this.#begin({ kind: "direct", title: other.name, peer: seat }, [seat]);
  }

  found({ name, seats }: Of<"found_group">): ConversationId {
    const others = seats.map((seat) => this.#active(seat).seat);
    if (others.length > OTHERS_MAX)
      this.#scene.refuse("bad_request", "a working group has at most 50 devices");
    return this.#begin({ kind: "group", title: name }, others);
  }

  bring({ conversation, seats }: Of<"bring">): void {
    const { who } = this.#one(conversation);
    who.coming = [...new Set([...who.coming, ...seats.map((seat) => this.#active(seat).seat)])];
    this.#scene.changed();
    this.#welcome(conversation);
  }

  askToLeave({ conversation, seat }: Of<"ask_to_leave">): void {
    const { who } = this.#one(conversation);
    if (who.present.length < 2) this.#scene.refuse("bad_request", "nobody else is in this group");
    who.leaving = [...new Set([...who.leaving, seat])];
    this.#scene.changed();
    const own = this.#scene.members.find((member) => member.own)?.seat;
    if (seat === own) setTimeout(() => this.left(conversation, seat), COMES_MS);
  }

  rename({ conversation, name }: Of<"rename">): void {
    const { who, talk } = this.#one(conversation);
    if (who.kind !== "group") this.#scene.refuse("not_allowed", "only working groups have names");
    // It is renamed when the log has it.
    setTimeout(() => {
      who.title = name;
      talk.line(1, { kind: "renamed", name });
    }, RENAMED_MS);
  }

  arrange({ conversation, muted, archived, pinned, receipts }: Of<"arrange">): void {
    const { who } = this.#one(conversation);
    Object.assign(who, {
      muted: muted ?? who.muted,
      archived: archived ?? who.archived,
      pinned: pinned ?? who.pinned,
      receipts: receipts ?? who.receipts,
    });
    this.#scene.changed();
  }

  /** Somebody says something there; for tests. */
  hear(conversation: ConversationId, seat: number, text: string): void {
    this.#one(conversation).talk.hear(seat, text);
  }

  /** Somebody comes in; for tests. */
  come(conversation: ConversationId, seat: number): void {
    const { who, talk } = this.#one(conversation);
    who.coming = who.coming.filter((coming) => coming !== seat);
    who.present = [...who.present, this.#present(seat, Date.now())].sort(
      (one, other) => one.seat - other.seat,
    );
    talk.line(1, { kind: "roster", added: [seat], removed: [] });
    talk.company();
  }

  /** Somebody is out; for tests. */
  left(conversation: ConversationId, seat: number): void {
    const { who, talk } = this.#one(conversation);
    who.leaving = who.leaving.filter((leaving) => leaving !== seat);
    who.present = who.present.filter((present) => present.seat !== seat);
    if (this.#scene.members[seat - 1]?.own) who.standing = "left";
    talk.line(1, { kind: "roster", added: [], removed: [seat] });
  }

  #one(id: ConversationId): Known {
    return this.#known.get(id) ?? this.#scene.refuse("unknown", "no such conversation");
  }

  #active(seat: number): MemberView {
    const member = this.#scene.members.find((known) => known.seat === seat && known.state === "active");
    return member ?? this.#scene.refuse("unknown", "no such seat");
  }

  #present(seat: number, since: number | null): Who["present"][number] {
    return { seat, name: this.#scene.members[seat - 1]?.name ?? "", since };
  }

  #know(who: Partial<Who> & Pick<Who, "id" | "kind">, talk: FakeTalk): void {
    this.#known.set(who.id, {
      who: {
        title: "",
        peer: null,
        present: [],
        coming: [],
        leaving: [],
        standing: "active",
        muted: false,
        archived: false,
        pinned: false,
        receipts: who.kind === "plenary" ? "none" : "arrived",
        epoch: 9,
        code: "48210 93755 12086 40317 66429 01854",
        ...who,
      },
      talk,
    });
  }

  #talk(messages: MessageView[], parameters: Record<string, string> = {}): FakeTalk {
    const wanted = new URLSearchParams({ fake: "empty", ...parameters });
    const talk = new FakeTalk({ ...this.#scene, parameters: wanted });
    talk.messages = messages;
    return talk;
  }

  #begin(who: Pick<Who, "kind" | "title"> & Partial<Who>, coming: number[]): ConversationId {
    const id = made.hex(7_000 + this.#known.size, 8) as ConversationId;
    const talk = this.#talk([]);
    talk.alone = coming.length > 0;
    const own = this.#scene.members.find((member) => member.own)?.seat ?? 1;
    this.#know({ id, present: [this.#present(own, Date.now())], coming, epoch: 0, ...who }, talk);
    this.#scene.changed();
    this.#welcome(id);
    return id;
  }

  #welcome(id: ConversationId): void {
    if (!this.#comes) return;
    setTimeout(() => this.#one(id).who.coming.forEach((seat) => this.come(id, seat)), COMES_MS);
  }

  #notes(language: Language, written: boolean): void {
    const text = language === "ru" ? "Спросить Тимура о смете." : "Ask Timur about the budget.";
    const note: MessageView = {
      id: made.hex(6_600) as MessageId,
      position: 0,
      seat: 1,
      name: this.#scene.members[0]?.name ?? "",
      own: true,
      ...said(text, this.#scene.members),
      time: Date.now() - 7 * MINUTE,
      state: "received",
      arrived: 0,
      read: 0,
    };
    this.#know(
      { id: made.hex(6_006, 8) as ConversationId, kind: "own", present: [this.#present(1, null)] },
      this.#talk(written ? [note] : []),
    );
  }

  #some(language: Language): void {
    const ru = language === "ru";
    const since = (seats: number[], days: number) =>
      seats
        .map((seat, index) => this.#present(seat, index === 0 ? null : Date.now() - days * DAY))
        .sort((one, other) => one.seat - other.seat);
    const words = (seed: number, ...lines: [number, string, string, number][]): MessageView[] =>
      lines.map(([seat, russian, english, ago], position) => ({
        id: made.hex(seed + position) as MessageId,
        position,
        seat,
        name: this.#scene.members[seat - 1]?.name ?? "",
        own: seat === 1,
        ...said(ru ? russian : english, this.#scene.members),
        time: Date.now() - ago * MINUTE,
        state: "received",
        // Others have it, and some say that they read it.
        arrived: seat === 1 ? 1 : 0,
        read: seat === 1 && ago > 60 ? 1 : 0,
      }));
    const id = (seed: number) => made.hex(seed, 8) as ConversationId;

    this.#know(
      {
        id: id(6_001),
        kind: "direct",
        title: this.#scene.members[2]?.name ?? "",
        peer: 3,
        present: since([1, 3], 9),
      },
      this.#talk(
        words(
          6_100,
          [1, "Мария, посмотрите смету до вечера?", "Maria, could you look at the budget by tonight?", 95],
          [
            3,
            "Да, уже смотрю. Есть вопрос по третьей строке.",
            "Yes, looking. One question on line three.",
            12,
          ],
          [3, "Напишу здесь, когда закончу.", "I will write here when I am done.", 11],
        ),
        { unread: "2" },
      ),
    );
    this.#know(
      {
        id: id(6_002),
        kind: "group",
        title: ru ? "Закон о люстрации" : "Lustration bill",
        present: since([2, 1, 3, 6], 5),
        coming: [8],
        leaving: [6],
        pinned: true,
      },
      this.#talk(
        words(
          6_200,
          [2, "Собрал замечания в один список.", "I put the remarks in one list.", 3_000],
          [1, "Спасибо! Прочту к вечеру.", "Thank you! I will read it by tonight.", 2_950],
          [6, "@{1}, посмотрите пункт четыре.", "@{1}, please look at item four.", 2_900],
        ),
        { unread: "1" },
      ),
    );
    this.#know(
      {
        id: id(6_003),
        kind: "group",
        title: ru
          ? "Оргкомитет съезда, обсуждение помещения и расписания"
          : "Congress committee: venue and timetable",
        present: since([1, 2, 4, 7], 20),
        muted: true,
      },
      this.#talk(
        words(6_300, [
          4,
          "Второй зал дешевле, но без окон.",
          "The second hall is cheaper, but has no windows.",
          30,
        ]),
        { unread: "1" },
      ),
    );
    this.#know(
      {
        id: id(6_004),
        kind: "group",
        title: ru ? "Письмо в комиссию" : "Letter to the commission",
        present: since([2, 3], 30),
        standing: "left",
        archived: true,
      },
      this.#talk(words(6_400, [2, "Письмо ушло.", "The letter has left.", 30_000])),
    );
    this.#know(
      {
        id: id(6_005),
        kind: "direct",
        title: this.#scene.members[6]?.name ?? "",
        peer: 7,
        present: since([1, 7], 3),
        standing: "halted",
      },
      this.#talk(words(6_500, [7, "Спасибо, всё получила.", "Thank you, I have it all.", 4_000])),
    );
  }
}

/** As many members as `&members=` says: deputies after those who have names of their own. */
export function crowd(parameters: URLSearchParams, members: MemberView[]): MemberView[] {
  const [first] = members;
  const more = Math.max(0, Number(parameters.get("members") ?? 0) - members.length);
  if (!first) return members;
  const made = Array.from({ length: more }, (_, index) => {
    const seat = members.length + index + 1;
    return { ...first, seat, name: `Депутат ${seat}`, own: false, trustee: false };
  });
  return [...members, ...made];
}
