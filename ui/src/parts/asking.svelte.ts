// One request at a time of one form: whether it goes on, and why it was refused.

import { asRefusal } from "../backend/backend";
import type { Refusal } from "../backend/types";

export class Asking {
  busy = $state(false);
  refusal = $state<Refusal | null>(null);

  /** Runs `work`; a refusal is kept to be shown. True if it was carried out. */
  async run(work: () => Promise<void>): Promise<boolean> {
    if (this.busy) return false;
    this.busy = true;
    this.refusal = null;
    try {
      await work();
      return true;
    } catch (thrown) {
      this.refusal = asRefusal(thrown);
      return false;
    } finally {
      this.busy = false;
    }
  }
}
