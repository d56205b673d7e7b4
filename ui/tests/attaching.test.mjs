// Files that are to be sent: how their paths and names are read.

import assert from "node:assert/strict";
import { test } from "node:test";

import { modules } from "./modules.mjs";

const [attaching, door] = await modules("/src/state/attaching.ts", "/src/backend/backend.ts");
const { FILE_MAX, fileAt, fileName, isPicture, pathOf } = attaching;

test("a path is read as people have it", () => {
  assert.equal(pathOf("  /home/anna/план.pdf\n"), "/home/anna/план.pdf");
  assert.equal(pathOf('"C:\\Users\\Anna\\план.pdf"'), "C:\\Users\\Anna\\план.pdf");
  assert.equal(pathOf("'/tmp/it's.txt'"), "/tmp/it's.txt");
  assert.equal(pathOf("file:///home/anna/%D0%BF%D0%BB%D0%B0%D0%BD.pdf"), "/home/anna/план.pdf");
  assert.equal(pathOf("file:///C:/plan%20a.pdf"), "C:/plan a.pdf");
  assert.equal(pathOf("file:///tmp/100%.txt"), "/tmp/100%.txt");
});

test("a name under which a file is saved leads nowhere else", () => {
  assert.equal(fileName("../../.bashrc"), ".._.._.bashrc");
  assert.equal(fileName("C:\\a.txt"), "C__a.txt");
  assert.equal(fileName(".."), "_");
  assert.equal(fileName("\u2068\u05D0.pdf\u2069"), "\u05D0.pdf");
});

test("what is made anew as a picture is told from what goes as it is", () => {
  assert.ok(isPicture({ name: "DSC_0412.JPG" }));
  for (const name of ["план.pdf", "движение.gif", "знак.svg", "jpg"]) assert.ok(!isPicture({ name }), name);
});

test("what is too large is refused before it is sent, and a name of somebody else's is made visible", async () => {
  const file = { path: "/a", name: "a\u202Efdp.exe", bytes: 1 };
  door.enter({ fileAt: async () => file });
  assert.equal((await fileAt("/a")).name, "a\uFFFDfdp.exe");
  file.bytes = FILE_MAX;
  assert.equal((await fileAt("/a")).bytes, FILE_MAX);
  file.bytes = FILE_MAX + 1;
  await assert.rejects(fileAt("/a"), { code: "too_large" });
});

test("where the window cannot look, the name is known all the same; what it has seen to be unreadable is refused", async () => {
  door.enter({ fileAt: () => Promise.reject("Command file_at not found") });
  assert.deepEqual(await fileAt("/home/anna/план.pdf"), {
    path: "/home/anna/план.pdf",
    name: "план.pdf",
    bytes: null,
  });
  door.enter({ fileAt: () => Promise.reject({ code: "cannot_read", details: "no such file" }) });
  await assert.rejects(fileAt("/nothing"), { code: "cannot_read" });
});
