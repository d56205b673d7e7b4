// A talk made up for development in which there is something of everything.

import type { Language } from "./backend";
import * as made from "./fake-assembly";
import { mentions, runs } from "./fake-marks";
import type { MemberView, MessageContent, MessageId, MessageView } from "./types";

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

interface Line {
  seat: number;
  ru: string;
  en: string;
  /** How long ago. */
  ago: number;
  answers?: number;
  content?: MessageContent;
  more?: Partial<MessageView>;
}

const LINES: Line[] = [
  { seat: 2, ru: "", en: "", ago: 3 * DAY + HOUR, content: { kind: "roster", added: [7, 8], removed: [] } },
  {
    seat: 2,
    ru: "Коллеги, проект обращения готов. *Прошу прочитать до вечера*, замечания сюда.\n\nГлавное: _сроки_, ~тридцать~ сорок пять дней, и номер дела `A-2026/14`.",
    en: "Colleagues, the draft appeal is ready. *Please read it by this evening* and put your remarks here.\n\nAbove all: the _times_, ~thirty~ forty-five days, and the case number `A-2026/14`.",
    ago: 2 * DAY,
    more: {
      reactions: [
        { emoji: "👍", seats: [1, 3, 6], mine: true },
        { emoji: "🙏", seats: [7], mine: false },
      ],
    },
  },
  {
    seat: 3,
    ru: "Во втором абзаце предлагаю заменить:\n> требуем от комиссии\n> немедленно ответить\nна «призываем»: в первом обращении мы уже требовали. Черновик лежит на https://example.org/draft",
    en: "In the second paragraph I would replace:\n> we demand that the commission\n> answer at once\nby “call on”: we demanded in the first appeal. The draft is at https://example.org/draft",
    ago: 2 * DAY - 3 * MINUTE,
    answers: 1,
    more: { edited: Date.now() - 2 * DAY + 20 * MINUTE, edits: 1 },
  },
  { seat: 3, ru: "", en: "", ago: 2 * DAY - 4 * MINUTE, content: { kind: "deleted" } },
  {
    seat: 6,
    ru: "Поддерживаю Марию. @{1}, посмотрите, пожалуйста, ещё раз третий пункт. @{2} уже посмотрел.",
    en: "I agree with Maria. @{1}, please have another look at the third item. @{2} has seen it.",
    ago: DAY + 2 * HOUR,
    more: { reactions: [{ emoji: "❤️", seats: [2, 3], mine: false }] },
  },
  { seat: 1, ru: "", en: "", ago: 5 * HOUR, content: { kind: "timer", timer_ms: 7 * DAY } },
  {
    seat: 1,
    ru: "Спасибо, исправила оба места и срок. Вношу на тайное голосование сегодня, чтобы успеть до пленарного.",
    en: "Thank you, I corrected both places and the time. I propose it for a secret vote today, in time for the plenary.",
    ago: 4 * HOUR,
    answers: 2,
    more: {
      arrived: 6,
      read: 4,
      over: Date.now() + 6 * DAY + 20 * HOUR,
      edited: Date.now() - 3 * HOUR,
      edits: 3,
      reactions: [
        { emoji: "👍", seats: [2, 3, 4, 6, 7], mine: false },
        { emoji: "✅", seats: [1], mine: true },
      ],
    },
  },
  {
    seat: 4,
    ru: "Связь плохая, но всё вижу. Голосовать буду.",
    en: "My connection is poor but I see everything. I will vote.",
    ago: 50 * MINUTE,
    answers: 3,
    more: { over: Date.now() + 40 * MINUTE },
  },
  {
    seat: 8,
    ru: "",
    en: "",
    ago: 20 * MINUTE,
    content: { kind: "needs_newer_version" },
    more: { over: Date.now() + 6 * DAY },
  },
  {
    seat: 1,
    ru: "Тогда до завтра. Кто не успевает прочитать, напишите, продлим.",
    en: "Until tomorrow then. If anybody needs more time to read, say so and we extend it.",
    ago: 4 * MINUTE,
    more: { over: Date.now() + 6 * DAY + 23 * HOUR, arrived: 3 },
  },
  {
    seat: 1,
    ru: "И ещё одно, пока без связи.",
    en: "And one more thing, while offline.",
    ago: MINUTE,
    more: { state: "waiting" },
  },
];

export function rich(language: Language, members: MemberView[]): MessageView[] {
  const id = (index: number) => made.hex(700 + index) as MessageId;
  return LINES.map((line, index) => {
    const text = line[language];
    return {
      id: id(index),
      position: index,
      seat: line.seat,
      name: members[line.seat - 1]?.name ?? "",
      own: line.seat === 1,
      ...made.said(text),
      content: line.content ?? { kind: "text", text, runs: runs(text) },
      mentions: mentions(text),
      mentions_me: line.seat !== 1 && mentions(text).includes(1),
      reply:
        line.answers === undefined
          ? null
          : { id: id(line.answers), seat: 0, name: "", excerpt: "", there: false, position: null },
      time: Date.now() - line.ago,
      state: "received",
      arrived: 0,
      read: 0,
      ...line.more,
    };
  });
}
