// Options are written, put in order and counted as the rules say.

import assert from "node:assert/strict";
import { test } from "node:test";

import { modules } from "./modules.mjs";

const [ranking, options, { unanimity }] = await modules(
  "/src/screens/ranking.ts",
  "/src/state/options.ts",
  "/src/screens/unanimity.ts",
);
const { append, join, lower, place, raise, rankOf, without } = ranking;
const { moved, optionFaults, pasted, tidy } = options;

test("an option is put below all others", () => {
  assert.deepEqual(append([], 2), [[2]]);
  assert.deepEqual(append([[2], [0, 1]], 3), [[2], [0, 1], [3]]);
  assert.deepEqual(append([[2], [0]], 2), [[0], [2]]);
});

test("an option that is taken out leaves no empty rank", () => {
  assert.deepEqual(without([[2], [0, 1]], 2), [[0, 1]]);
  assert.deepEqual(without([[2], [0, 1]], 0), [[2], [1]]);
  assert.equal(rankOf(without([[2]], 2), 2), -1);
});

test("one step up goes past a rank, and out of a shared one", () => {
  assert.deepEqual(raise([[0], [1], [2]], 2), [[0], [2], [1]]);
  assert.deepEqual(raise([[0], [1, 2]], 2), [[0], [2], [1]]);
  assert.deepEqual(raise([[0, 1], [2]], 2), [[2], [0, 1]]);
  assert.deepEqual(raise([[0, 1]], 1), [[1], [0]]);
});

test("one step down goes past a rank, and out of a shared one", () => {
  assert.deepEqual(lower([[0], [1], [2]], 0), [[1], [0], [2]]);
  assert.deepEqual(lower([[0, 1], [2]], 0), [[1], [0], [2]]);
  assert.deepEqual(lower([[0, 1]], 0), [[1], [0]]);
});

test("at the ends there is no further step, and nothing changes", () => {
  const ranks = [[0], [1]];
  assert.equal(raise(ranks, 0), ranks);
  assert.equal(lower(ranks, 1), ranks);
  assert.equal(join(ranks, 0), ranks);
  assert.equal(raise(ranks, 7), ranks);
});

test("an option is made equal with those above", () => {
  assert.deepEqual(join([[0], [1], [2]], 1), [[0, 1], [2]]);
  assert.deepEqual(join([[0], [1, 2]], 2), [[0, 2], [1]]);
});

test("a dragged option stands alone where it is let go", () => {
  assert.deepEqual(place([[0], [1], [2]], 2, 0), [[2], [0], [1]]);
  assert.deepEqual(place([[0, 1], [2]], 0, 2), [[1], [2], [0]]);
  assert.deepEqual(place([[0], [1]], 0, 0), [[0], [1]]);
});

test("every order of whatever steps names each option once", () => {
  const steps = [append, without, raise, lower, join, (ranks, option) => place(ranks, option, option % 3)];
  let seed = 7;
  const draw = (below) => (seed = (seed * 48_271) % 2_147_483_647) % below;
  let ranks = [];
  for (let step = 0; step < 5_000; step += 1) {
    ranks = steps[draw(steps.length)](ranks, draw(6));
    const all = ranks.flat();
    assert.equal(new Set(all).size, all.length);
    assert.ok(ranks.every((rank) => rank.length > 0));
  }
});

test("a repeated option names the row that says the same", () => {
  const faults = optionFaults(["Прага", " прага ", "Тбилиси", "ПРАГА"], false);
  assert.deepEqual(faults, [null, { fault: "repeated", first: 0 }, null, { fault: "repeated", first: 0 }]);
});

test("an empty row is a fault once it is to be sent, not before", () => {
  assert.deepEqual(optionFaults(["Прага", " "], false), [null, null]);
  assert.deepEqual(optionFaults(["Прага", " "], true), [null, { fault: "empty" }]);
});

test("an option is one line of a hundred letters at most", () => {
  assert.deepEqual(optionFaults(["я".repeat(100), "я".repeat(101)], false), [null, { fault: "too_long" }]);
  assert.deepEqual(optionFaults(["\u{1F514}".repeat(100)], false), [null]);
  assert.equal(tidy("\u0007 Прага\t\n(Чехия)\u0085"), "Прага (Чехия)");
});

test("a pasted list loses the bullets or numbers that all its lines have", () => {
  assert.deepEqual(pasted("1. Прага\r\n2) Тбилиси\n\n 3.  Вильнюс \n"), ["Прага", "Тбилиси", "Вильнюс"]);
  assert.deepEqual(pasted("- Прага\n— Тбилиси"), ["Прага", "Тбилиси"]);
  assert.deepEqual(pasted("12 октября\n30 октября"), ["12 октября", "30 октября"]);
  assert.deepEqual(pasted("1. Прага\nТбилиси"), ["1. Прага", "Тбилиси"]);
  assert.deepEqual(pasted("1. Прага"), ["1. Прага"]);
});

test("a row is moved within its list and not out of it", () => {
  assert.deepEqual(moved(["a", "b", "c"], 0, 2), ["b", "c", "a"]);
  assert.deepEqual(moved(["a", "b", "c"], 2, 0), ["c", "a", "b"]);
  assert.deepEqual(moved(["a", "b"], 0, 2), ["a", "b"]);
});

const among = (account, change = {}) => ({
  votes_for: 0,
  votes_against: 0,
  votes_abstain: 0,
  spoilt: 0,
  ...change,
  options: { valid: 3, elected: [0], tied: [], drawn: false, ...change.options, account },
});

test("a result that shows everybody's vote is told apart from one that hides it", () => {
  const votes = (...numbers) => ({ account: "votes", votes: numbers });
  assert.equal(unanimity(among(votes(3, 0))), "all");
  assert.equal(unanimity(among(votes(3, 3, 0))), "all");
  assert.equal(unanimity(among(votes(2, 1))), "none");
  assert.equal(unanimity(among(votes(3, 0), { votes_abstain: 1 })), "none");
  const pairs = (preferred) => ({ account: "pairs", preferred, classes: [[0], [1]] });
  assert.equal(
    unanimity(
      among(
        pairs([
          [0, 3],
          [0, 0],
        ]),
      ),
    ),
    "all",
  );
  assert.equal(
    unanimity(
      among(
        pairs([
          [0, 2],
          [1, 0],
        ]),
      ),
    ),
    "none",
  );
  const stages = (...first) => ({
    account: "stages",
    quota: 2,
    stages: [{ act: "first", votes: first, lost: 0, elected: [] }],
  });
  assert.equal(unanimity(among(stages(300_000, 0))), "first");
  assert.equal(unanimity(among(stages(200_000, 100_000))), "none");
  const plain = { votes_for: 3, votes_against: 0, votes_abstain: 0, spoilt: 0, options: null };
  assert.equal(unanimity(plain), "all");
  assert.equal(unanimity({ ...plain, votes_abstain: 1 }), "none");
});
