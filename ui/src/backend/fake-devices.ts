// Devices of one's own made up for development: listed, linked, let in and revoked as the program does it.
//
// `&devices=some` puts two more beside the first, `&devices=full` as many as there can be; `&devices=further` is the window of
// a further one, `&devices=entering` of one that has just been let in, `&devices=revoked` of one that was revoked. `&fake=none&devices=waiting` waits to be let in. Who was given the
// link comes after a while, or never with `&comes=never`. With `&newly=come` one has come of which nobody has been told yet.

import { encodeQR } from "qr";

import type { Language } from "./backend";
import * as made from "./fake-assembly";
import type { Of, Scene } from "./fake-scene";
import type {
  AssemblyView,
  DeviceId,
  DeviceLinkReadView,
  DevicesView,
  DeviceView,
  NewDeviceView,
} from "./types";

/** What the standard wants around a code, in its own squares. */
const QUIET_ZONE = 4;
const HOUR = 3_600_000;
const DAY = 24 * HOUR;
const COMES_MS = 2_500;
const LET_IN_MS = 1_500;
const OUT_MS = 700;
const MOST = 5;
const LINK = "veche:device/" + "h4v8p1c6z0".repeat(26);
const CODE = "48210 93755";

const NAMES: Record<Language, string[]> = {
  ru: ["Ноутбук в редакции", "Планшет", "Старый ноутбук", "Дом"],
  en: ["Laptop at the office", "Tablet", "Old laptop", "Home"],
};

export class FakeDevices {
  /** Who was let in last, and how; for tests. */
  admitted: Of<"admit_device"> | null = null;
  #scene: Scene;
  #assembly: () => AssemblyView | null;
  #changed: () => void;
  #view: DevicesView;
  #newly: NewDeviceView[] = [];

  constructor(scene: Scene, assembly: () => AssemblyView | null, changed: () => void) {
    this.#scene = scene;
    this.#assembly = assembly;
    this.#changed = changed;
    const which = scene.parameters.get("devices");
    const further = { some: 2, full: MOST - 1, further: 2 }[which ?? ""] ?? 0;
    const names = NAMES[scene.language];
    this.#view = {
      devices: [
        this.#device(0, null),
        ...names.slice(0, further).map((name, index) => this.#device(index + 1, name)),
      ],
      link: null,
      most: MOST,
    };
    if (scene.parameters.get("newly") === "come") this.#come(this.#device(1, null, 0));
    const own = assembly();
    if (!own || !["further", "entering", "revoked"].includes(which ?? "")) return;
    own.first_device = false;
    if (which === "entering" || which === "revoked") own.standing = which;
    if (which === "revoked") own.seat = own.role = null;
    // A further device knows its own name only.
    this.#view.devices = this.#view.devices.map((device, index) => ({
      ...device,
      this: index === 1,
      name: index === 1 ? device.name : null,
    }));
  }

  view(): DevicesView {
    return this.#view;
  }

  /** Those that have come and that nobody has seen yet. */
  newly(): NewDeviceView[] {
    return this.#newly;
  }

  acknowledge({ device: id }: Of<"acknowledge_device">): void {
    this.#newly = this.#newly.filter(({ device }) => device !== id);
  }

  link(): { link: string; expires: number } {
    if (!this.#assembly()?.first_device) this.#scene.refuse("not_first_device");
    if (this.#view.devices.length >= MOST)
      this.#scene.refuse("not_allowed", "a seat has five devices at most");
    // Half a minute less than an hour is 59 minutes, whichever second it is.
    const made = { link: LINK, expires: Date.now() + HOUR - 30_000 };
    this.#view.link = {
      ...made,
      qr: encodeQR(LINK, "svg", { ecc: "low", border: QUIET_ZONE }),
      waiting: null,
      admitted: false,
    };
    this.#changed();
    if (this.#scene.parameters.get("comes") !== "never") setTimeout(() => this.come(), COMES_MS);
    return made;
  }

  /** Somebody comes by the link; also for tests. */
  come(
    name = NAMES[this.#scene.language][this.#view.devices.length - 1] ?? "",
    code: string | null = CODE,
  ): void {
    if (!this.#view.link || this.#view.link.admitted) return;
    // It is of no more use.
    Object.assign(this.#view.link, { link: null, qr: null });
    this.#view.link.waiting = { name, code };
    this.#changed();
  }

  /** The link's hour is over; for tests. */
  expire(): void {
    if (this.#view.link) this.#view.link.expires = Date.now() - 1;
    this.#changed();
  }

  admit(request: Of<"admit_device">): void {
    const link = this.#view.link ?? this.#scene.refuse("unknown", "there is no link");
    const waiting = link.waiting ?? this.#scene.refuse("unknown", "nobody waits");
    if (waiting.code === null || request.code !== waiting.code)
      this.#scene.refuse("wrong_code", "another device waits there");
    link.admitted = true;
    this.admitted = { ...request };
    this.#changed();
    setTimeout(() => {
      const device = this.#device(this.#view.devices.length, waiting.name, 0);
      this.#view.devices = [...this.#view.devices, device];
      this.#come(device);
      this.#view.link = null;
      this.#changed();
    }, LET_IN_MS);
  }

  cancel(): void {
    this.#view.link = null;
    this.#changed();
  }

  /** Whether it was this one, which is out then. */
  revoke({ device: id }: Of<"revoke_device">): boolean {
    const device = this.#view.devices.find(({ device }) => device === id);
    if (!device) return this.#scene.refuse("unknown", "no such device");
    if (device.first) this.#scene.refuse("not_allowed", "the first device stays as long as its seat");
    if (device.this) return true;
    device.leaving = { recorded: false, conversations: 3, journal: true };
    this.#changed();
    this.#later(() => (device.leaving = { recorded: true, conversations: 3, journal: true }), 1);
    this.#later(() => (device.leaving = { recorded: true, conversations: 0, journal: true }), 2);
    this.#later(() => (this.#view.devices = this.#view.devices.filter((known) => known !== device)), 3);
    return false;
  }

  #later(change: () => void, turn: number): void {
    setTimeout(() => {
      change();
      this.#changed();
    }, turn * OUT_MS);
  }

  read(link: string): DeviceLinkReadView {
    if (!link.startsWith("veche:device/")) this.#scene.refuse("invitation_mangled", "not a device's link");
    const { name, id } = made.assembly(this.#scene.language);
    return {
      assembly_name: name,
      assembly: id,
      relay: made.RELAY,
      expires: Date.now() + HOUR / 2,
      carrier: null,
    };
  }

  /** The assembly as it is seen from before the door. */
  join(): AssemblyView {
    return {
      ...made.assembly(this.#scene.language),
      standing: "requested",
      seat: null,
      role: null,
      first_device: false,
      device_code: CODE,
      device_until: Date.now() + HOUR / 2,
    };
  }

  #come({ device, name, since }: DeviceView): void {
    this.#newly = [...this.#newly, { device, name, since, there: true }];
  }

  #device(index: number, name: string | null, days = 30): DeviceView {
    return {
      device: made.hex(900 + index) as DeviceId,
      name,
      this: index === 0,
      first: index === 0,
      since: Date.now() - Math.max(0, days - index * 9) * DAY,
      leaving: null,
    };
  }
}
