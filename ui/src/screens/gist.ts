// What a message says, in one line.

import type { MessageContent, RunView } from "../backend/types";
import { span, t } from "../i18n/i18n.svelte";
import { oneLine } from "../state/runs";
import { session } from "../state/session.svelte";

/** The words somebody wrote in it. */
export function runsOf(content: MessageContent): RunView[] {
  return content.kind === "text" || content.kind === "attachment" ? content.runs : [];
}

/** Those words, and the name of the file that came with them; empty where nobody said anything. */
export function wordsOf(content: MessageContent): string {
  const words = oneLine(runsOf(content), (seat) => session.nameOf(seat));
  if (content.kind !== "attachment") return words;
  const file = t(`attached-${content.media}`, { name: content.name });
  return words === "" ? file : `${file} · ${words}`;
}

/** The same, and in words what nobody said. */
export function gistOf(content: MessageContent): string {
  switch (content.kind) {
    case "text":
    case "attachment":
      return wordsOf(content);
    case "roster":
      return t("roster-changed");
    case "renamed":
      return t("renamed-short", { name: content.name });
    case "deleted":
      return t("message-deleted-short");
    case "timer":
      return content.timer_ms === null ? t("timer-off") : t("timer-set", { span: span(content.timer_ms) });
    case "needs_newer_version":
      return t("needs-newer-version");
  }
}
