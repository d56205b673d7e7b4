// What a motion says about itself in a line.

import type { MotionView } from "../backend/types";
import { moment, t } from "../i18n/i18n.svelte";

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
      return motion.result?.adopted ? t("phase-adopted") : t("phase-rejected");
    case "void":
      return t("phase-void");
    case "withdrawn":
      return t("phase-withdrawn");
  }
}

/** The catalogue's key of an enum's value. */
export function key(prefix: string, value: string): string {
  return `${prefix}-${value.replaceAll("_", "-")}`;
}
