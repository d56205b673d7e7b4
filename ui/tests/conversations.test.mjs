// Conversations: their order, what counts as unread, and what can be done in which.

import assert from "node:assert/strict";
import { test } from "node:test";

import { modules } from "./modules.mjs";

const [conversations] = await modules("/src/state/conversations.ts");
const { audience, counted, invitable, lastTime, namedLike, ordered, room, shelved, speaksIn } = conversations;

function conversation(id, more = {}) {
  const { time, ...rest } = more;
  return {
    id,
    kind: "group",
    title: id,
    present: [],
    coming: [],
    standing: "active",
    muted: false,
    archived: false,
    pinned: false,
    unread: 0,
    mentions: 0,
    last: time === undefined ? null : { time },
    ...rest,
  };
}
const member = (seat, more = {}) => ({ seat, own: false, state: "active", name: `Имя ${seat}`, ...more });
const ids = (all) => all.map(({ id }) => id).join(" ");
const there = (...seats) => seats.map((seat) => ({ seat, name: "", since: null }));

test("pinned conversations stand first, then those in which something was said last", () => {
  const all = [
    conversation("old", { time: 10 }),
    conversation("pinned-old", { time: 5, pinned: true }),
    conversation("new", { time: 30 }),
    conversation("pinned-new", { time: 20, pinned: true }),
  ];
  assert.equal(ids(ordered(all)), "pinned-new pinned-old new old");
  assert.equal(ids(all), "old pinned-old new pinned-new", "what was given stays as it was");
});

test("one that has just been begun stands where a new message would", () => {
  const begun = conversation("begun", { present: [{ seat: 1, name: "", since: 40 }] });
  assert.equal(lastTime(begun), 40);
  assert.equal(ids(ordered([conversation("new", { time: 30 }), begun])), "begun new");
});

test("where nothing was ever said the plenary stands first, then titles and ids decide", () => {
  const all = [
    conversation("2", { title: "Б" }),
    conversation("3", { title: "А" }),
    conversation("1", { title: "Б" }),
    conversation("p", { kind: "plenary", title: "" }),
  ];
  assert.equal(ids(ordered(all)), "p 3 1 2");
  assert.equal(ids(ordered(all.toReversed())), "p 3 1 2");
});

test("what is put away has a shelf of its own, in the same order", () => {
  const [shown, archived] = shelved([
    conversation("a", { time: 1, archived: true }),
    conversation("b", { time: 2 }),
    conversation("c", { time: 3, archived: true }),
    conversation("d", { time: 1, archived: true, pinned: true }),
  ]);
  assert.equal(ids(shown), "b");
  assert.equal(ids(archived), "d c a");
});

test("what is muted is not counted", () => {
  const all = [
    conversation("a", { unread: 3, mentions: 1 }),
    conversation("b", { unread: 5, mentions: 2, muted: true }),
    conversation("c", { unread: 1, archived: true }),
  ];
  assert.equal(counted(all, "unread"), 4);
  assert.equal(counted(all, "mentions"), 1);
});

test("observers speak to one member and to themselves only, and nobody speaks where the device is out or behind", () => {
  const says = (role, kind, standing = "active") => speaksIn({ role }, { kind, standing });
  for (const kind of ["plenary", "group", "direct", "own"]) {
    assert.ok(says("deputy", kind));
    assert.ok(says("expert", kind));
    assert.equal(says("observer", kind), kind === "direct" || kind === "own");
    assert.ok(!says("deputy", kind, "left"));
    assert.ok(!says("deputy", kind, "halted"));
  }
});

test("nobody is offered who is oneself, out of the assembly, there already or on the way", () => {
  const members = [
    member(1, { own: true }),
    member(2),
    member(3, { state: "detained" }),
    member(4, { state: "removed" }),
    member(5, { state: "left" }),
    member(6),
    member(7),
  ];
  const seats = (all) => all.map(({ seat }) => seat);
  assert.deepEqual(seats(invitable(members)), [2, 6, 7]);
  assert.deepEqual(seats(invitable(members, { present: there(1, 2), coming: [7] })), [6]);
});

test("a group has room for forty-nine besides oneself, and who comes twice is one", () => {
  assert.equal(room({ present: there(1), coming: [] }), 49);
  assert.equal(room({ present: there(1, 2, 3), coming: [3, 4] }), 46);
  const full = Array.from({ length: 60 }, (_, index) => index + 1);
  assert.equal(room({ present: there(...full), coming: [] }), 0);
});

test("members are found by all the words, in any order and case", () => {
  const people = [member(1, { name: "Лев Ёлкин" }), member(2, { name: "Анна Елкина-Гай" })];
  const found = (words) => namedLike(people, words, (seat) => people[seat - 1].name).map(({ seat }) => seat);
  assert.deepEqual(found(""), [1, 2]);
  assert.deepEqual(found("елк"), [1, 2]);
  assert.deepEqual(found("гай АННА"), [2]);
  assert.deepEqual(found("лев анна"), []);
});

test("those who were there when it was said can have a message, and so may who has left", () => {
  const present = [
    { seat: 1, name: "", since: null },
    { seat: 2, name: "", since: 5 },
    { seat: 3, name: "", since: 20 },
  ];
  const message = { seat: 1, time: 10, arrived: 0, read: 0 };
  assert.equal(audience(message, present), 1, "neither oneself nor who came later");
  assert.equal(audience({ ...message, time: 20 }, present), 2);
  assert.equal(audience({ ...message, arrived: 4 }, present), 4);
});
