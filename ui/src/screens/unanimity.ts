// Where a result shows how everybody voted.

import type { ResultView } from "../backend/types";

/** Whether all ballots say the same, or, of transferable votes, begin with the same option. */
export function unanimity(result: ResultView): "none" | "first" | "all" {
  const { options, votes_abstain, spoilt } = result;
  if (!options) {
    const counts = [result.votes_for, result.votes_against, votes_abstain];
    const cast = counts.reduce((sum, count) => sum + count, 0);
    return cast > 0 && counts.includes(cast) ? "all" : "none";
  }
  const { valid, account } = options;
  if (valid === 0) return votes_abstain > 0 && spoilt === 0 ? "all" : "none";
  if (votes_abstain > 0) return "none";
  const all = (count: number) => count === 0 || count === valid;
  switch (account.account) {
    case "votes":
      return account.votes.every(all) ? "all" : "none";
    case "pairs":
      return account.preferred.flat().every(all) ? "all" : "none";
    case "stages":
      return account.stages[0]?.votes.some((units) => units === valid * 100_000) ? "first" : "none";
  }
}
