// What a motion says about itself in a line.

import type { MotionView } from "../backend/types";
import { listed, moment, t } from "../i18n/i18n.svelte";
import { named } from "./choice";
import { optionNames } from "./question";

/** Where it stands, for the list. */
export function standing(motion: MotionView, now: number): string {
  switch (motion.phase) {
    case "proposed":
      return t("phase-proposed", { count: motion.seconded_by.length, needed: motion.seconders_needed });
    case "noticed":
      return motion.may_open === null
        ? t("phase-noticed")
        : t("phase-noticed-until", { time: moment(motion.may_open, now) });
    case "open":
      return motion.closes === null
        ? t("phase-open")
        : t("phase-open-until", { time: moment(motion.closes, now) });
    case "closed":
      return t("phase-closed");
    case "decided":
      return outcome(motion);
    case "void":
      return t("phase-void");
    case "withdrawn":
      return t("phase-withdrawn");
  }
}

function outcome({ question, result }: MotionView): string {
  if (!result?.options) return t(result?.adopted ? "phase-adopted" : "phase-rejected");
  if (!result.adopted) return t("outcome-none");
  return t("phase-elected", { options: listed(named(result.options.elected, optionNames(question))) });
}
