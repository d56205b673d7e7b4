// An assembly made up for development: people, words and motions in every phase.

import type { Language } from "./backend";
import type {
  AdmissionId,
  AdmissionView,
  AssemblyView,
  ConversationId,
  MemberView,
  MessageId,
  MessageView,
  MotionId,
  MotionView,
  Phase,
  PlenaryView,
} from "./types";

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;
export const WEEK = 7 * DAY;
const START = Date.now();

export const PLENARY = "a1b2c3d4e5f60718" as ConversationId;
export const RELAY =
  "veche-relay://k5xq3n7v2m4t6y8p1r9s0w2e4u6i8o0a3d5f7g9h1j2l4z6x8c0v@relay.example.org:443";

export function hex(seed: number, bytes = 32): string {
  let state = seed * 2_654_435_761;
  return Array.from({ length: bytes }, () => {
    state = (state * 1_664_525 + 1_013_904_223) % 4_294_967_296;
    return Math.floor(state / 16_777_216)
      .toString(16)
      .padStart(2, "0");
  }).join("");
}

/** As long as a ballot for fifty. */
export const BALLOT = hex(81, 1_500);

const NAMES: Record<Language, string[]> = {
  ru: [
    "Анна Петрова",
    "Тимур Ахметов",
    "Мария Корнеева",
    "Лесной",
    "Айдар Сулейманов",
    "Ольга Вейс",
    "Сардана Иванова",
    "Проф. Хелен Марш",
  ],
  en: [
    "Anna Petrova",
    "Timur Akhmetov",
    "Maria Korneeva",
    "Lesnoy",
    "Aidar Suleymanov",
    "Olga Weiss",
    "Sardana Ivanova",
    "Prof. Helen Marsh",
  ],
};

export function members(language: Language): MemberView[] {
  return NAMES[language].map((name, index) => ({
    seat: index + 1,
    name,
    role: index === 7 ? "expert" : "deputy",
    state: index === 4 ? "detained" : "active",
    own: index === 0,
    since: START - 40 * DAY + index * DAY,
    devices: 1,
    trustee: index < 3,
    ballot_keys: index === 7 ? 0 : 30 - index,
    verified: false,
  }));
}

export function assembly(language: Language): AssemblyView {
  return {
    id: hex(1),
    name: language === "ru" ? "Собрание депутатов в изгнании" : "Assembly of Deputies in Exile",
    declaration:
      language === "ru"
        ? "Мы, избранные гражданами и лишённые возможности исполнять свой долг на родине, собираемся, чтобы продолжать его исполнять.\n\nМы равны между собой. Решения принимаем вместе; никто не вправе говорить от имени собрания без его решения."
        : "We, elected by citizens and kept from doing our duty at home, assemble in order to go on doing it.\n\nWe are equals. We decide together; nobody speaks for the assembly without its decision.",
    standing: "admitted",
    refused: null,
    device_code: null,
    device_until: null,
    first_device: true,
    seat: 1,
    role: "deputy",
    founding: false,
    seats: 8,
    journal_entries: 214,
    witnessed: { entries: 214, cosignatures: 6, quorum: 4 },
    relay: RELAY,
    sealing_keys: 2,
    plenary: { founded_anew: 0, since: null, signed_by: [], here: true, proposals: [] },
    charter: {
      endorsements: 3,
      founding_seats: 7,
      objection_ms: 3 * DAY,
      cooling_off_ms: 7 * DAY,
      detain_signers: 3,
      seconders: 2,
      notice_ms: DAY,
      voting_least_ms: DAY,
      voting_greatest_ms: 14 * DAY,
      roll_floor: 5,
      ballots_floor: 3,
      trustees: [1, 2, 3],
      threshold: 2,
      ties: "fail",
    },
  };
}

/** How it stands with founding the plenary anew: `proposed`, `done`, or `coming` where this device is not in it yet. */
export function plenary(stands: string, needed: number): PlenaryView {
  const proposal = {
    conversation: hex(76) as ConversationId,
    signed_by: [4],
    needed,
    until: Date.now() + WEEK - DAY,
    signed_by_me: false,
  };
  const proposed = stands === "proposed";
  return {
    founded_anew: proposed ? 0 : 1,
    since: proposed ? null : Date.now() - DAY,
    signed_by: proposed ? [] : [4, 1, 6],
    here: stands !== "coming",
    proposals: proposed ? [proposal] : [],
  };
}

export function admissions(language: Language): AdmissionView[] {
  const ru = language === "ru";
  return [
    {
      id: hex(51) as AdmissionId,
      name: ru ? "Григорий Маслов" : "Grigory Maslov",
      role: "deputy",
      state: "proposed",
      endorsed_by: [2, 3],
      needed: 3,
      objected_by: [],
      endorsed_by_me: false,
    },
    {
      id: hex(52) as AdmissionId,
      name: ru ? "Наблюдатель из Вильнюса" : "Observer from Vilnius",
      role: "observer",
      state: "requested",
      endorsed_by: [],
      needed: 3,
      objected_by: [],
      endorsed_by_me: false,
    },
    {
      id: hex(53) as AdmissionId,
      name: ru ? "Елена Ким" : "Elena Kim",
      role: "deputy",
      state: "waiting",
      endorsed_by: [1, 3, 6],
      needed: 3,
      objected_by: [4],
      endorsed_by_me: true,
    },
  ];
}

const WORDS: Record<Language, [number, string][]> = {
  ru: [
    [2, "Коллеги, проект обращения готов. Прошу прочитать до вечера, замечания сюда."],
    [
      3,
      "Прочитала. Во втором абзаце предлагаю заменить «требуем» на «призываем»: в первом обращении мы уже требовали.",
    ],
    [3, "И добавить ссылку на резолюцию от 12 октября."],
    [6, "Поддерживаю Марию. Остальное хорошо."],
    [
      8,
      "Как приглашённый эксперт замечу: срок в тридцать дней короче, чем допускает регламент комиссии. Лучше сорок пять.",
    ],
    [
      1,
      "Спасибо, исправила оба места и срок. Вношу на тайное голосование сегодня, чтобы успеть до пленарного.",
    ],
    [4, "Связь плохая, но всё вижу. Голосовать буду."],
    [1, "Тогда до завтра. Кто не успевает прочитать, напишите, продлим."],
  ],
  en: [
    [2, "Colleagues, the draft appeal is ready. Please read it by this evening and put your remarks here."],
    [
      3,
      "Read. In the second paragraph I would say “call on” instead of “demand”: we demanded in the first appeal.",
    ],
    [3, "And add a reference to the resolution of 12 October."],
    [6, "I agree with Maria. The rest is good."],
    [
      8,
      "As an invited expert: thirty days is shorter than the commission's rules allow. Forty-five would be better.",
    ],
    [
      1,
      "Thank you, I corrected both places and the time. I propose it for a secret vote today, in time for the plenary.",
    ],
    [4, "My connection is poor but I see everything. I will vote."],
    [1, "Until tomorrow then. If anybody needs more time to read, say so and we extend it."],
  ],
};

type Place = "id" | "position" | "seat" | "name" | "own" | "time" | "state" | "arrived" | "read";
export type Said = Omit<MessageView, Place>;

/** What a message has besides its place: words, and nothing that goes with them. */
export function said(text: string): Said {
  return {
    content: { kind: "text", text, runs: [{ text, styles: [], seat: null }] },
    reply: null,
    mentions: [],
    mentions_me: false,
    reactions: [],
    edited: null,
    edits: 0,
    over: null,
    changing: false,
  };
}

export function messages(language: Language): MessageView[] {
  const people = members(language);
  const words = WORDS[language];
  const talk: MessageView[] = words.map(([seat, text], index) => ({
    id: hex(200 + index) as MessageId,
    position: index + 2,
    seat,
    name: people[seat - 1]?.name ?? "",
    own: seat === 1,
    ...said(text),
    time: START - (index < 3 ? DAY : 0) - (words.length - index) * 4 * MINUTE - (index > 4 ? 0 : HOUR),
    state: index === words.length - 1 ? "waiting" : "received",
    arrived: 0,
    read: 0,
  }));
  const roster: MessageView = {
    id: hex(199) as MessageId,
    position: 1,
    seat: 2,
    name: people[1]?.name ?? "",
    own: false,
    ...said(""),
    content: { kind: "roster", added: [8], removed: [] },
    time: START - DAY - 2 * HOUR,
    state: "received",
    arrived: 0,
    read: 0,
  };
  return [roster, ...talk];
}

export function motion(seed: number, phase: Phase, change: Partial<MotionView>): MotionView {
  return {
    id: hex(seed, 16) as MotionId,
    title: "",
    text: "",
    proposer: 1,
    kind: "secret",
    question: { method: "for_against_abstain" },
    rule: { quorum_numerator: 1, quorum_denominator: 2, majority: "simple" },
    phase,
    proposed: START - 2 * DAY,
    seconded_by: [2, 3],
    seconders_needed: 2,
    may_open: START - DAY,
    opened: phase === "proposed" || phase === "noticed" ? null : START - HOUR,
    closes: START + 3 * HOUR,
    electorate: phase === "proposed" || phase === "noticed" ? null : 7,
    roll: 7,
    ballots: 0,
    quorum: phase === "proposed" || phase === "noticed" ? null : 4,
    mine: { state: "none", cast_by: null, choice: null, barred: null },
    shares: 0,
    threshold: 2,
    result: null,
    ...change,
  };
}

export const PROOF: NonNullable<MotionView["result"]>["proof"] = [
  { label: "opening", value: hex(71) },
  { label: "roll_root", value: hex(72) },
  { label: "box_checkpoint", value: `8 ${hex(73)}` },
  { label: "cosignatures", value: "6 / 4" },
  { label: "shares", value: "1, 3" },
  { label: "refused", value: "0" },
  { label: "repeated", value: "0" },
  { label: "journal", value: "209" },
];

export function motions(language: Language): MotionView[] {
  const ru = language === "ru";
  return [
    motion(11, "open", {
      title: ru
        ? "Обращение к Парламентской ассамблее о признании документов"
        : "Appeal to the Parliamentary Assembly on the recognition of documents",
      text: ru
        ? "Собрание призывает Парламентскую ассамблею рекомендовать государствам-участникам признавать просроченные удостоверения личности граждан, которые не могут безопасно обратиться в консульство.\n\nСрок ответа: сорок пять дней со дня получения обращения. Ответственные за переговоры: Мария Корнеева и Тимур Ахметов."
        : "The Assembly calls on the Parliamentary Assembly to recommend that member states recognise expired identity documents of citizens who cannot safely turn to a consulate.\n\nAn answer is expected within forty-five days of receipt. Maria Korneeva and Timur Akhmetov are to negotiate.",
      ballots: 3,
      closes: START + 3 * HOUR + 12 * MINUTE,
    }),
    motion(12, "noticed", {
      title: ru ? "Смета на первый квартал" : "Budget for the first quarter",
      text: ru
        ? "Утвердить смету расходов на первый квартал в приложенном виде."
        : "To approve the budget for the first quarter as attached.",
      kind: "roll_call",
      proposer: 6,
      rule: { quorum_numerator: 2, quorum_denominator: 3, majority: "two_thirds" },
      may_open: START + 5 * HOUR,
      closes: null,
    }),
    motion(13, "proposed", {
      title: ru ? "Рабочая группа по закону о люстрации" : "Working group on the lustration bill",
      text: ru ? "Образовать рабочую группу из пяти депутатов." : "To form a working group of five deputies.",
      proposer: 3,
      seconded_by: [6],
      may_open: null,
      closes: null,
    }),
    motion(14, "decided", {
      title: ru ? "Порядок выступлений от имени собрания" : "Who speaks for the assembly",
      text: ru
        ? "Выступать от имени собрания вправе депутат, которому собрание поручило это решением, и только в пределах поручения."
        : "A deputy speaks for the assembly if the assembly has decided so, and only within that mandate.",
      proposer: 2,
      closes: START - DAY,
      ballots: 6,
      mine: { state: "counted", cast_by: null, choice: null, barred: null },
      shares: 2,
      result: {
        adopted: true,
        votes_for: 4,
        votes_against: 1,
        votes_abstain: 1,
        spoilt: 0,
        options: null,
        quorum_met: true,
        agree: 7,
        disagree: 0,
        roll_call: [],
        hash: hex(74),
        proof: PROOF,
      },
    }),
    motion(15, "decided", {
      title: ru ? "Публикация протоколов" : "Publication of minutes",
      text: ru
        ? "Публиковать протоколы открытых заседаний в течение трёх дней."
        : "To publish the minutes of open sittings within three days.",
      kind: "roll_call",
      roll: null,
      proposer: 3,
      closes: START - 3 * DAY,
      ballots: 6,
      mine: { state: "counted", cast_by: null, choice: "for", barred: null },
      result: {
        adopted: false,
        votes_for: 2,
        votes_against: 3,
        votes_abstain: 1,
        spoilt: 0,
        options: null,
        quorum_met: true,
        agree: 7,
        disagree: 0,
        roll_call: [
          { seat: 1, choice: "for" },
          { seat: 2, choice: "against" },
          { seat: 3, choice: "for" },
          { seat: 4, choice: "against" },
          { seat: 6, choice: "against" },
          { seat: 7, choice: "abstain" },
        ],
        hash: hex(75),
        proof: PROOF.slice(0, 1),
      },
    }),
    motion(16, "void", {
      title: ru ? "Эмблема собрания" : "The assembly's emblem",
      text: ru ? "Утвердить эмблему." : "To adopt an emblem.",
      proposer: 4,
      closes: START - 5 * DAY,
      ballots: 1,
    }),
  ];
}

/** Names and texts made to deceive the eye: each of these once stood on a screen as something else. */
export function deceive(
  people: MemberView[],
  asking: AdmissionView[],
  talk: MessageView[],
  proposed: MotionView[],
): void {
  const [, second, third, fourth, , sixth] = people;
  if (!second || !third || !fourth || !sixth) return;
  // Reads "за" where "против" is meant, from right to left.
  second.name = "Тимур \u202Eмокнетсонавс\u202C";
  third.name = "\u05D0\u05E0\u05D4 (место 1)";
  fourth.name = "Длинноимённый-Передлинноимённый ".repeat(6).trim();
  sixth.name = `З\u0300\u0301\u0302\u0303\u0304\u0305\u0306\u0307\u0308\u030A\u030B\u030Cалго`;
  // The first name again, with letters of another alphabet and something that nobody sees.
  if (asking[0]) asking[0].name = "\u0410\u043D\u043Da \u041F\u0435\u0442\u0440\u043E\u200B\u0432\u0430";
  for (const message of talk) message.name = people[message.seat - 1]?.name ?? message.name;
  const [, words, more] = talk;
  if (words) Object.assign(words, said("Голосуйте \u202Eза\u202C!\u0007\u2066 Конец."));
  if (more) Object.assign(more, said(`${"безпробелов".repeat(40)}\n\u05E9\u05DC\u05D5\u05DD, 1-2-3!`));
  const [first] = proposed;
  if (!first) return;
  first.title = `Об отказе \u202Eазактоеб\u202C ${"оченьдлинноеслово".repeat(5)}`;
  if (first.question.method !== "for_against_abstain") {
    const [one = "", other = ""] = first.question.options;
    first.question.options = [one, `${one}\u200B`, `${other} \u202Eвиторп\u202C*`, "безпробелов".repeat(18)];
  }
  first.text = `${first.text}\n\n\u2067за\u2069 \u05DB\u05DF (\u0628\u0644\u0649) ${"x".repeat(300)}`;
}
