// How hard a passphrase is to guess, said roughly: an estimate never knows where the words come from.

export const TOO_SHORT = "short";
export type Strength = "empty" | typeof TOO_SHORT | "weak" | "fair" | "strong";

const LENGTH_LEAST = 8;

export function strength(passphrase: string): Strength {
  if (passphrase === "") return "empty";
  if (passphrase.length < LENGTH_LEAST) return TOO_SHORT;
  const words = new Set(
    passphrase
      .trim()
      .split(/\s+/)
      .filter((word) => word.length > 2),
  ).size;
  const kinds = [/\p{Ll}/u, /\p{Lu}/u, /\p{N}/u, /[^\p{L}\p{N}\s]/u].filter((kind) =>
    kind.test(passphrase),
  ).length;
  const varied = new Set(passphrase).size;
  if (words >= 6 || (passphrase.length >= 20 && kinds >= 3 && varied >= 12)) return "strong";
  if (words >= 4 || (passphrase.length >= 14 && kinds >= 2 && varied >= 8)) return "fair";
  return "weak";
}
