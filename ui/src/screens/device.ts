// What a device is called, and which form a link belongs to.

import type { Carrier, DeviceLinkReadView, DeviceView, NewDeviceView } from "../backend/types";
import { t } from "../i18n/i18n.svelte";

/** A device's name has at most so many characters. */
export const DEVICE_NAME_MAX = 60;

/** So much of a key tells five devices apart. */
const KEY_SHOWN = 6;

/** A further device does not know how the others are called: it shows the beginning of their keys. */
export function deviceName(view: DeviceView): string {
  return view.first && !view.name ? t("device-first-name") : newName(view);
}

/** One that has come is never the first. */
export function newName({ name, device }: Pick<NewDeviceView, "name" | "device">): string {
  return name ? name : t("device-unnamed", { key: device.slice(0, KEY_SHOWN) });
}

const LINKS = [
  ["veche:device/", "device"],
  ["veche:join/", "join"],
] as const;

/** The form that the link was made for, as far as its beginning says. */
export function formOf(link: string): "device" | "join" | null {
  const given = link.trim().toLowerCase();
  return LINKS.find(([head]) => given.startsWith(head))?.[1] ?? null;
}

/** What every link says that one can come by. */
export type LinkRead = DeviceLinkReadView;

/** What the forms for such links share with the screen on which they stand. */
export interface LinkForms {
  link: string;
  setCarrier: () => Promise<void>;
  /** The link came with a way to the relay. */
  oncarrier: (carrier: Carrier) => void;
  /** It is for another form. */
  onmisplaced: () => void;
  /** It was pasted into another form. */
  misplaced: boolean;
}
