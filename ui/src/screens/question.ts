// What a motion asks: its options as people read them, and in a sentence how it is decided.

import type { Majority, QuestionView, Ties } from "../backend/types";
import { key, t } from "../i18n/i18n.svelte";
import { doubles, look } from "../state/names";

export type Method = QuestionView["method"];
export type OptionsMethod = Exclude<Method, "for_against_abstain">;

export const METHODS: Method[] = ["for_against_abstain", "one_of_many", "up_to_k", "schulze", "transferable"];

export const OPTIONS_MIN = 2;

/** Most options that the method takes. */
export function optionsMax(method: OptionsMethod): number {
  return ranked(method) ? 64 : 256;
}

/** Whether one puts the options in order. */
export function ranked(method: Method): boolean {
  return method === "schulze" || method === "transferable";
}

/** The options as the motion has them; none of for and against. */
export function optionsOf(question: QuestionView): string[] {
  return question.method === "for_against_abstain" ? [] : question.options;
}

/** The options as they are shown; with their number where another one looks the same. */
export function optionNames(question: QuestionView): string[] {
  const options = optionsOf(question);
  const same = doubles(options);
  return options.map((option, index) =>
    same.has(look(option)) ? t("option-with-number", { option, number: index + 1 }) : option,
  );
}

/** How many options are elected. */
export function seatsOf(question: QuestionView): number {
  return "seats" in question ? question.seats : 1;
}

/** In a sentence: what makes the motion adopted, or an option elected. */
export function decision(question: QuestionView, majority: Majority, ties: Ties): string {
  if (question.method === "for_against_abstain") return t(key("rule", majority));
  const marks = question.method === "up_to_k" ? question.marks_max : 1;
  const how = t(key("rule", question.method), { seats: seatsOf(question), marks });
  return `${how} ${t(key("rule-tie", ties))}`;
}
