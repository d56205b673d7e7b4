// Motions with several options, made up for development: every method, open and decided.

import type { Language } from "./backend";
import { hex, members, motion, PROOF } from "./fake-assembly";
import type { Choice, MotionView, OptionsView, ResultView } from "./types";

const HOUR = 3_600_000;
const DAY = 24 * HOUR;

/** Who stands for something. */
function candidates(language: Language): string[] {
  const names = members(language).map((member) => member.name);
  const [first = "", second = "", third = "", fourth = "", , sixth = "", seventh = ""] = names;
  return [third, second, sixth, fourth, seventh, first];
}

function result(votes: Partial<ResultView>, options: OptionsView): ResultView {
  return {
    adopted: options.elected.length > 0,
    votes_for: 0,
    votes_against: 0,
    votes_abstain: 0,
    spoilt: 0,
    options,
    quorum_met: true,
    agree: 7,
    disagree: 0,
    roll_call: [],
    hash: hex(76),
    proof: PROOF,
    ...votes,
  };
}

/** Row i, column j: how many of the rankings put i above j. */
function preferred(options: number, rankings: [number, number[][]][]): number[][] {
  const rank = (ranking: number[][], option: number) => {
    const at = ranking.findIndex((same) => same.includes(option));
    return at < 0 ? Infinity : at;
  };
  const all = Array.from({ length: options }, (_, option) => option);
  return all.map((one) =>
    all.map((other) =>
      rankings.reduce(
        (sum, [count, ranking]) => (rank(ranking, one) < rank(ranking, other) ? sum + count : sum),
        0,
      ),
    ),
  );
}

export function elections(language: Language): MotionView[] {
  const ru = language === "ru";
  const people = candidates(language);
  const places = ru ? ["Вильнюс", "Тбилиси", "Прага", "Берлин"] : ["Vilnius", "Tbilisi", "Prague", "Berlin"];
  const decided = (seed: number, change: Partial<MotionView>) =>
    motion(seed, "decided", {
      closes: Date.now() - DAY,
      mine: { state: "counted", cast_by: null, choice: null, barred: null },
      shares: 2,
      ...change,
    });
  const rollCall: [number, Choice][] = [
    [1, { ranking: [[0], [3], [1]] }],
    [2, { ranking: [[0, 1], [2]] }],
    [3, { ranking: [[3]] }],
    [4, { ranking: [[1], [0], [2], [3]] }],
    [6, { ranking: [[0], [1, 2, 3]] }],
    [7, "abstain"],
  ];
  return [
    motion(31, "open", {
      title: ru ? "Где провести съезд" : "Where to hold the congress",
      text: ru ? "Съезд пройдёт в мае, на три дня." : "The congress is held in May, for three days.",
      question: { method: "one_of_many", options: places },
      kind: "roll_call",
      roll: null,
      ballots: 3,
    }),
    motion(32, "open", {
      title: ru ? "Темы осенних слушаний" : "Subjects of the autumn hearings",
      question: {
        method: "up_to_k",
        options: ru
          ? ["Признание документов", "Политзаключённые", "Санкции", "Медицинская помощь беженцам"]
          : ["Recognition of documents", "Political prisoners", "Sanctions", "Medical help for refugees"],
        marks_max: 2,
        seats: 2,
      },
      kind: "roll_call",
      roll: null,
      ballots: 2,
    }),
    motion(33, "open", {
      title: ru ? "Председатель редакционной группы" : "Chair of the drafting group",
      question: { method: "schulze", options: people.slice(0, 4) },
      ballots: 4,
    }),
    motion(34, "open", {
      title: ru ? "Делегация на Парламентскую ассамблею" : "Delegation to the Parliamentary Assembly",
      question: { method: "transferable", options: people, seats: 3 },
      ballots: 1,
    }),
    motion(35, "noticed", {
      title: ru ? "Эмблема собрания" : "The assembly's emblem",
      text: ru ? "Эскизы лежат в пленарном разговоре." : "The sketches are in the plenary conversation.",
      question: {
        method: "schulze",
        options: ru ? ["Колокол", "Круг", "Без эмблемы"] : ["Bell", "Circle", "No emblem"],
      },
      may_open: Date.now() + 5 * HOUR,
      closes: null,
    }),
    decided(41, {
      title: ru ? "Город постоянного представительства" : "City of the permanent office",
      question: { method: "one_of_many", options: places },
      electorate: 60,
      quorum: 30,
      ballots: 47,
      result: result(
        { votes_abstain: 3, spoilt: 1 },
        {
          valid: 43,
          elected: [2],
          tied: [],
          drawn: false,
          account: { account: "votes", votes: [12, 4, 21, 6] },
        },
      ),
    }),
    decided(42, {
      title: ru ? "Совет из трёх человек" : "Council of three",
      question: { method: "up_to_k", options: people, marks_max: 3, seats: 3 },
      electorate: 60,
      quorum: 30,
      ballots: 43,
      result: result(
        {},
        {
          valid: 43,
          elected: [1, 4],
          tied: [0, 3],
          drawn: false,
          account: { account: "votes", votes: [19, 31, 8, 19, 27, 14] },
        },
      ),
    }),
    decided(43, {
      title: ru ? "Председатель комиссии по регламенту" : "Chair of the rules committee",
      question: { method: "schulze", options: people.slice(0, 5) },
      electorate: 60,
      quorum: 30,
      ballots: 45,
      // Schulze's own example (2011), which goes round in a circle.
      result: result(
        {},
        {
          valid: 45,
          elected: [4],
          tied: [],
          drawn: false,
          account: {
            account: "pairs",
            preferred: preferred(5, [
              [5, [[0], [2], [1], [4], [3]]],
              [5, [[0], [3], [4], [2], [1]]],
              [8, [[1], [4], [3], [0], [2]]],
              [3, [[2], [0], [1], [4], [3]]],
              [7, [[2], [0], [4], [1], [3]]],
              [2, [[2], [1], [0], [3], [4]]],
              [7, [[3], [2], [4], [1], [0]]],
              [8, [[4], [1], [0], [3], [2]]],
            ]),
            classes: [[4], [0], [2], [1], [3]],
          },
        },
      ),
    }),
    decided(44, {
      title: ru ? "Два делегата в Брюссель" : "Two delegates to Brussels",
      question: { method: "transferable", options: people.slice(0, 4), seats: 2 },
      electorate: 140,
      quorum: 70,
      ballots: 100,
      // The example of docs/spec/counting.md.
      result: result(
        {},
        {
          valid: 100,
          elected: [0, 2],
          tied: [],
          drawn: false,
          account: {
            account: "stages",
            quota: 34,
            stages: [
              { act: "first", votes: [6_100_000, 0, 1_800_000, 2_100_000], lost: 0, elected: [0] },
              {
                act: { surplus: 0 },
                votes: [3_400_000, 1_770_480, 2_286_882, 2_100_000],
                lost: 442_638,
                elected: [],
              },
              {
                act: { excluded: 1 },
                votes: [3_400_000, 0, 2_286_882, 2_100_000],
                lost: 2_213_118,
                elected: [],
              },
              { act: { excluded: 3 }, votes: [3_400_000, 0, 2_286_882, 0], lost: 4_313_118, elected: [2] },
            ],
          },
        },
      ),
    }),
    decided(45, {
      title: ru ? "Секретарь пленарного заседания" : "Secretary of the sitting",
      question: { method: "schulze", options: people.slice(0, 4) },
      kind: "roll_call",
      roll: null,
      ballots: 6,
      mine: { state: "counted", cast_by: null, choice: { ranking: [[0], [3], [1]] }, barred: null },
      result: result(
        {
          votes_abstain: 1,
          roll_call: rollCall.map(([seat, choice]) => ({ seat, choice })),
          proof: PROOF.slice(0, 1),
        },
        {
          valid: 5,
          elected: [0],
          tied: [],
          drawn: false,
          account: {
            account: "pairs",
            preferred: preferred(
              4,
              rollCall.flatMap(([, choice]): [number, number[][]][] =>
                typeof choice === "object" && "ranking" in choice ? [[1, choice.ranking]] : [],
              ),
            ),
            classes: [[0], [1, 3], [2]],
          },
        },
      ),
    }),
    decided(46, {
      title: ru ? "День памяти" : "Day of remembrance",
      question: {
        method: "one_of_many",
        options: ru ? ["12 октября", "30 октября"] : ["12 October", "30 October"],
      },
      electorate: 7,
      ballots: 2,
      result: result(
        { quorum_met: false, adopted: false },
        { valid: 2, elected: [0], tied: [], drawn: false, account: { account: "votes", votes: [2, 0] } },
      ),
    }),
  ];
}

/** Whether the vote answers the question. */
export function answers(choice: Choice, { question }: MotionView): boolean {
  if (question.method === "for_against_abstain") return typeof choice === "string";
  if (typeof choice === "string") return choice === "abstain";
  const named = "options" in choice ? choice.options : choice.ranking.flat();
  const known = named.every((option) => option < question.options.length);
  if (!known || named.length === 0 || new Set(named).size < named.length) return false;
  switch (question.method) {
    case "one_of_many":
      return "options" in choice && named.length === 1;
    case "up_to_k":
      return "options" in choice && named.length <= question.marks_max;
    case "schulze":
      return "ranking" in choice;
    case "transferable":
      return "ranking" in choice && choice.ranking.every((rank) => rank.length === 1);
  }
}
