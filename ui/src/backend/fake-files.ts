// Files in made-up talks: sent, fetched, given up and gone as the program does it.
//
// `&talk=files` puts in one of each kind and state; `&transfer=slow` lets transfers stop in the middle, until a test goes
// on. Of paths, `…/missing…` cannot be read and `…/huge…` is too large.

import type { FileView, Language } from "./backend";
import * as made from "./fake-assembly";
import { runs } from "./fake-marks";
import type { Of, Scene } from "./fake-scene";
import type { FakeTalk } from "./fake-talk";
import type { Attached, ConversationId, MemberView, MessageId, MessageView, TransferState } from "./types";

const FILE_MAX = 64 * 1024 * 1024;
const STEPS = 6;
const STEP_MS = 250;
const MINUTE = 60_000;

/** What lies on the made-up disk; whatever is not named here is a small document. */
const SIZES: Record<string, number> = {
  "DSC_0412.jpg": 3_482_113,
  "huge.mov": 70_000_000,
  "обращение.pdf": 248_301,
};

export function fileAt(path: string, { refuse }: Pick<Scene, "refuse">): FileView {
  const name = path.split("/").at(-1) ?? "";
  if (path.includes("missing") || !path.startsWith("/")) refuse("cannot_read", `${path}: no such file`);
  return { path, name, bytes: SIZES[name] ?? 18_944 };
}

export class FakeFiles {
  #scene: Scene;
  #slow: boolean;
  #written = new Set<string>();
  #going = new Map<MessageId, ReturnType<typeof setTimeout>>();

  constructor(scene: Scene) {
    this.#scene = scene;
    this.#slow = scene.parameters.get("transfer") === "slow";
  }

  attach(talk: FakeTalk, conversation: ConversationId, { path, text, reply_to }: Of<"attach">): MessageId {
    const { name, bytes } = fileAt(path, this.#scene);
    if ((bytes ?? 0) > FILE_MAX) this.#scene.refuse("too_large", "at most 64 MiB");
    const content = attached(name, bytes ?? 0, "sending", { text: text ?? "" });
    const id = talk.bring(content, reply_to ?? null);
    this.#walk(talk, conversation, id, "sending");
    return id;
  }

  fetch(talk: FakeTalk, conversation: ConversationId, id: MessageId): void {
    const { transfer } = this.#content(talk, id);
    if (transfer.state === "gone") {
      // The relay is asked again, and has it no more than before.
      this.#put(talk, conversation, id, "fetching", 0);
      const again = () => this.#put(talk, conversation, id, "gone", 0);
      this.#going.set(id, setTimeout(again, STEP_MS));
    }
    if (transfer.state === "offered" || transfer.state === "failed")
      this.#walk(talk, conversation, id, "fetching");
  }

  cancel(talk: FakeTalk, conversation: ConversationId, id: MessageId): void {
    const { transfer } = this.#content(talk, id);
    clearTimeout(this.#going.get(id));
    if (transfer.state === "sending") talk.withdraw(id);
    else if (transfer.state === "fetching") this.#put(talk, conversation, id, "offered", 0);
    else this.#scene.refuse("wrong_phase", "nothing is under way");
  }

  save(talk: FakeTalk, { message, path }: Of<"save_attachment">): number {
    const { bytes, transfer } = this.#content(talk, message);
    if (transfer.state !== "here" && transfer.state !== "sending")
      this.#scene.refuse("not_ready", "not fetched");
    if (this.#written.has(path)) this.#scene.refuse("cannot_write", `${path} is there already`);
    this.#written.add(path);
    return bytes;
  }

  picture(talk: FakeTalk, id: MessageId): string {
    const { width, height, name } = this.#content(talk, id);
    if (width === null || height === null) this.#scene.refuse("bad_request", "no picture");
    return landscape(width, height, name);
  }

  #content(talk: FakeTalk, id: MessageId): Attached {
    const content = talk.messages.find((message) => message.id === id)?.content;
    if (content?.kind !== "attachment") return this.#scene.refuse("unknown", "no such file");
    return content;
  }

  #walk(talk: FakeTalk, conversation: ConversationId, id: MessageId, state: TransferState): void {
    const { transfer } = this.#content(talk, id);
    const begun = Math.floor((transfer.done / transfer.total) * STEPS);
    const step = (at: number) => {
      if (at === STEPS) return this.#put(talk, conversation, id, "here", transfer.total);
      this.#put(talk, conversation, id, state, Math.floor((transfer.total * at) / STEPS));
      if (this.#slow && at === STEPS / 2) return;
      this.#going.set(
        id,
        setTimeout(() => step(at + 1), STEP_MS),
      );
    };
    step(begun);
  }

  /** Where a transfer is; for tests, too. */
  #put(
    talk: FakeTalk,
    conversation: ConversationId,
    id: MessageId,
    state: TransferState,
    done: number,
  ): void {
    const content = this.#content(talk, id);
    const transfer = { state, done, total: content.transfer.total };
    talk.transfer(id, { ...content, transfer });
    this.#scene.say({ event: "transfer", conversation, message: id, transfer });
  }
}

/** What is in a message that brings a file. */
export function attached(
  name: string,
  bytes: number,
  state: TransferState,
  { text = "", done = state === "here" ? bytes : 0 }: { text?: string; done?: number } = {},
): Attached {
  const picture = /\.(jpe?g|png)$/i.test(name);
  const [width, height] = picture ? (name.includes("скан") ? [1240, 1754] : [1600, 1067]) : [null, null];
  return {
    kind: "attachment",
    name,
    bytes,
    media: picture ? "picture" : "file",
    width,
    height,
    thumbnail: width && height ? landscape(Math.round(width / 5), Math.round(height / 5), name) : null,
    text,
    runs: runs(text),
    transfer: { state, done, total: bytes },
  };
}

/** A picture that is drawn for the purpose: a river, hills and the sun. */
function landscape(width: number, height: number, seed: string): string {
  const canvas = document.createElement("canvas");
  canvas.width = width;
  canvas.height = height;
  const pen = canvas.getContext("2d");
  if (!pen) return "";
  const hue = [...seed].reduce((sum, letter) => sum + letter.charCodeAt(0), 0) % 360;
  const sky = pen.createLinearGradient(0, 0, 0, height);
  sky.addColorStop(0, `hsl(${hue} 45% 72%)`);
  sky.addColorStop(1, `hsl(${(hue + 40) % 360} 60% 90%)`);
  pen.fillStyle = sky;
  pen.fillRect(0, 0, width, height);
  pen.fillStyle = "#fff6da";
  pen.beginPath();
  pen.arc(width * 0.72, height * 0.3, Math.min(width, height) * 0.09, 0, 7);
  pen.fill();
  for (let hill = 0; hill < 3; hill += 1) {
    pen.fillStyle = `hsl(${(hue + 140) % 360} ${25 + hill * 5}% ${52 - hill * 13}%)`;
    pen.beginPath();
    pen.moveTo(0, height);
    for (let at = 0; at <= width; at += width / 40) {
      const wave = Math.sin((at / width) * (4 + hill) + hill * 2) * 0.09;
      pen.lineTo(at, height * (0.55 + hill * 0.13 + wave));
    }
    pen.lineTo(width, height);
    pen.fill();
  }
  return canvas.toDataURL("image/png");
}

/** A talk with files of every kind, in every state. */
export function files(language: Language, members: MemberView[]): MessageView[] {
  const ru = language === "ru";
  const words: [number, Attached, Partial<MessageView>?][] = [
    [
      2,
      attached(ru ? "обращение.pdf" : "appeal.pdf", 248_301, "here", {
        text: ru ? "Итоговый текст, *страница 3* новая." : "The final text; *page 3* is new.",
      }),
    ],
    [
      3,
      attached("DSC_0412.jpg", 3_482_113, "here", {
        text: ru ? "Вид на зал от входа." : "The hall from the entrance.",
      }),
    ],
    [3, attached(ru ? "скан-решения.png" : "скан.png", 1_204_220, "offered")],
    [
      4,
      attached(
        ru
          ? "протокол заседания комиссии от 12 октября, с приложениями.docx"
          : "minutes of the commission of 12 October with annexes.docx",
        84_120,
        "offered",
      ),
    ],
    [6, attached(ru ? "запись.mp3" : "recording.mp3", 22_318_080, "fetching", { done: 9_437_184 })],
    [7, attached(ru ? "смета.xlsx" : "budget.xlsx", 61_440, "failed", { done: 20_480 })],
    [8, attached(ru ? "черновик-2.odt" : "draft-2.odt", 40_960, "gone")],
    [1, attached("DSC_0398.jpg", 2_900_000, "here"), { arrived: 6, read: 4 }],
    [
      1,
      attached(ru ? "видео-из-зала.mp4" : "video.mp4", 41_943_040, "sending", {
        done: 12_582_912,
        text: ru ? "Грузится, подождите." : "On its way.",
      }),
      { state: "waiting" },
    ],
  ];
  return words.map(([seat, content, more], index) => ({
    id: made.hex(800 + index) as MessageId,
    position: index,
    seat,
    name: members[seat - 1]?.name ?? "",
    own: seat === 1,
    ...made.said(""),
    content,
    time: Date.now() - (words.length - index) * 7 * MINUTE,
    state: "received",
    arrived: 0,
    read: 0,
    ...more,
  }));
}
