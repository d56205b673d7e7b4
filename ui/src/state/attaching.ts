// Files that are to be sent: how their paths are written, and what is known of them before.

import { asRefusal, backend, type FileView } from "../backend/backend";
import { foreign } from "../backend/foreign";
import type { Refusal } from "../backend/types";

/** A file has at most so many bytes. */
export const FILE_MAX = 64 * 1024 * 1024;
/** So many files go at once. */
export const FILES_MAX = 10;
/** What is made anew as a picture before it leaves; everything else goes as it is. */
const PICTURES = /\.(jpe?g|png|webp)$/i;

/** A path as people have it: typed, copied with quotation marks, or dropped as an address. */
export function pathOf(written: string): string {
  const path = written.trim().replace(/^(["'])(.*)\1$/, "$2");
  if (!path.startsWith("file://")) return path;
  const address = path.replace(/^file:\/\/(localhost)?(?=\/)/, "").replace(/^\/(?=[A-Za-z]:)/, "");
  try {
    return decodeURIComponent(address);
  } catch {
    return address;
  }
}

/** What lies at the path. Throws why it cannot be sent. */
export async function fileAt(path: string): Promise<FileView> {
  const file = await backend()
    .fileAt(path)
    .catch((thrown: unknown): FileView => {
      const refusal = asRefusal(thrown);
      if (refusal.code !== "internal") throw refusal;
      // The window cannot look there; whoever reads the file says whether it can be sent.
      return { path, name: path.split(/[\\/]/).at(-1) ?? path, bytes: null };
    });
  if ((file.bytes ?? 0) > FILE_MAX) throw { code: "too_large", details: file.path } satisfies Refusal;
  return { ...file, name: foreign(file.name) };
}

export function isPicture({ name }: Pick<FileView, "name">): boolean {
  return PICTURES.test(name);
}

/** A name under which a file can be put into a folder: it leads nowhere else. */
export function fileName(name: string): string {
  const plain = name.replace(/[\u2068\u2069]/g, "").replace(/[/\\:*?"<>|\uFFFD]/g, "_");
  return /^\.*$/.test(plain) ? "_" : plain;
}
