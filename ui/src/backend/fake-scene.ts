// What everything that is made up for one scene shares.

import type { Language } from "./backend";
import type { Event, MemberView, RefusalCode, Request } from "./types";

export type Of<Kind extends Request["request"]> = Extract<Request, { request: Kind }>;

export interface Scene {
  parameters: URLSearchParams;
  language: Language;
  members: MemberView[];
  refuse: (code: RefusalCode, details?: string) => never;
  /** Something about conversations has changed. */
  changed: () => void;
  say: (event: Event) => void;
}
