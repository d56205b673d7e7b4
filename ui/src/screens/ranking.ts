// Options in order: ranks, the best first, in each its options. What is left out is in none of them.

export type Ranks = number[][];

/** The rank in which the option is, from 0; -1 if it is left out. */
export function rankOf(ranks: Ranks, option: number): number {
  return ranks.findIndex((rank) => rank.includes(option));
}

/** With the option below all others. */
export function append(ranks: Ranks, option: number): Ranks {
  return [...without(ranks, option), [option]];
}

/** Without the option; a rank that nobody is in is none. */
export function without(ranks: Ranks, option: number): Ranks {
  return ranks.map((rank) => rank.filter((other) => other !== option)).filter((rank) => rank.length > 0);
}

/** One step up: out of a shared rank, or past the rank above. */
export function raise(ranks: Ranks, option: number): Ranks {
  const at = rankOf(ranks, option);
  if (at < 0 || (at === 0 && !shares(ranks, option))) return ranks;
  return place(ranks, option, shares(ranks, option) ? at : at - 1);
}

/** One step down: out of a shared rank, or past the rank below. */
export function lower(ranks: Ranks, option: number): Ranks {
  const at = rankOf(ranks, option);
  if (at < 0 || (at === ranks.length - 1 && !shares(ranks, option))) return ranks;
  return place(ranks, option, at + 1);
}

/** Into the rank above, to be equal with those who are there. */
export function join(ranks: Ranks, option: number): Ranks {
  const at = rankOf(ranks, option);
  if (at < 1) return ranks;
  const joined = ranks.map((rank, index) => (index === at - 1 ? [...rank, option] : rank));
  return joined
    .map((rank, index) => (index === at ? rank.filter((other) => other !== option) : rank))
    .filter((rank) => rank.length > 0);
}

/** With the option alone in a rank that stands after `above` ranks of the others. */
export function place(ranks: Ranks, option: number, above: number): Ranks {
  const others = without(ranks, option);
  return [...others.slice(0, above), [option], ...others.slice(above)];
}

/** Whether others are in the option's rank. */
export function shares(ranks: Ranks, option: number): boolean {
  return (ranks[rankOf(ranks, option)]?.length ?? 0) > 1;
}
