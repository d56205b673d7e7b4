// What a conversation is called, and what stands below its name.

import type { ConversationView } from "../backend/types";
import { t } from "../i18n/i18n.svelte";
import { session } from "../state/session.svelte";

export function titleOf(known: ConversationView | null): string {
  if (known === null || known.kind === "plenary") return t("plenary");
  if (known.kind === "own") return t("kind-own");
  if (known.peer !== null) return session.nameOf(known.peer);
  return known.title || t("kind-direct");
}

/** What it is, and how many are in it. */
export function subtitleOf(known: ConversationView): string {
  const count = known.present.length;
  switch (known.kind) {
    case "plenary":
      return t("plenary-subtitle", { count });
    case "group":
      return t("group-subtitle", { count });
    case "direct":
      return t("kind-direct");
    case "own":
      return t("notes-subtitle");
  }
}

/** Whether nobody else is there to read what is written. */
export function isAlone(known: ConversationView): boolean {
  return (
    (known.kind === "direct" || known.kind === "group") &&
    known.standing === "active" &&
    known.present.length < 2
  );
}

/** What stands before a conversation's id where the page about it is meant. */
export const ABOUT = "about:";
