// The motion that one is writing. It outlives the screen on which it is written, but not the open vault.

import type { Majority, QuestionView, VoteKind } from "../backend/types";
import { tidy, type DraftOption } from "./options";

class MotionDraft {
  title = $state("");
  text = $state("");
  kind = $state<VoteKind>("secret");
  method = $state<QuestionView["method"]>("for_against_abstain");
  options = $state<DraftOption[]>([]);
  /** How many options one may mark. */
  marks = $state<number | null>(2);
  /** How many options are elected by marks. */
  seatsByMarks = $state<number | null>(1);
  /** How many options are elected by transferable votes. */
  seatsByRanks = $state<number | null>(2);
  majority = $state<Majority | "charter">("charter");
  quorum = $state("1/2");
  notice = $state<number | undefined>();
  voting = $state<number | undefined>();

  #rows = 0;

  constructor() {
    this.clear();
  }

  /** An empty row for an option. */
  row(text = ""): DraftOption {
    this.#rows += 1;
    return { id: this.#rows, text };
  }

  clear(): void {
    this.title = "";
    this.text = "";
    this.kind = "secret";
    this.method = "for_against_abstain";
    this.options = [this.row(), this.row()];
    this.marks = 2;
    this.seatsByMarks = 1;
    this.seatsByRanks = 2;
    this.majority = "charter";
    this.quorum = "1/2";
    this.notice = undefined;
    this.voting = undefined;
  }

  /** What is asked, as far as it is written. */
  question(): QuestionView {
    const options = this.options.map((option) => tidy(option.text));
    switch (this.method) {
      case "for_against_abstain":
        return { method: this.method };
      case "one_of_many":
      case "schulze":
        return { method: this.method, options };
      case "up_to_k":
        return {
          method: this.method,
          options,
          marks_max: this.marks ?? 0,
          seats: this.seatsByMarks ?? 0,
        };
      case "transferable":
        return { method: this.method, options, seats: this.seatsByRanks ?? 0 };
    }
  }
}

export const draft = new MotionDraft();
