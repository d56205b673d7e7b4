// Safety numbers made up for development. What is marked here is kept as long as the page lives; `&verified=2,3` marks
// seats beforehand.

import type { Answer, MemberView } from "./types";

type SafetyNumber = Extract<Answer, { answer: "safety_number" }>;

export class FakeSafety {
  #compared = new Map<number, number>();
  #members: MemberView[];

  constructor(parameters: URLSearchParams, members: MemberView[]) {
    this.#members = members;
    for (const seat of parameters.get("verified")?.split(",") ?? []) this.mark(Number(seat), true);
  }

  number(seat: number): SafetyNumber {
    let state = seat * 7919;
    const digits = Array.from({ length: 60 }, () => {
      state = (state * 1_103_515 + 12_345) % 2_147_483_648;
      return Math.floor(state / 65_536) % 10;
    }).join("");
    return {
      answer: "safety_number",
      digits,
      qr: squares(digits),
      verified: this.#compared.get(seat) ?? null,
    };
  }

  mark(seat: number, verified: boolean): void {
    if (verified) this.#compared.set(seat, Date.now());
    else this.#compared.delete(seat);
    const member = this.#members.find((known) => known.seat === seat);
    if (member) member.verified = verified;
  }
}

const SIDE = 33;
const CORNER = 7;

/** What looks like a code that is scanned. */
function squares(digits: string): string {
  const corner = (row: number, column: number): boolean | null => {
    for (const [top, left] of [
      [0, 0],
      [0, SIDE - CORNER],
      [SIDE - CORNER, 0],
    ] as const) {
      const ring = Math.max(Math.abs(row - top - 3), Math.abs(column - left - 3));
      if (ring <= 4) return ring !== 2 && ring !== 4;
    }
    return null;
  };
  let path = "";
  for (let row = 0; row < SIDE; row += 1)
    for (let column = 0; column < SIDE; column += 1) {
      const digit = Number(digits[(row * SIDE + column) % digits.length]);
      const dark = corner(row, column) ?? (digit + row * 3 + column * column) % 7 < 3;
      if (dark) path += `M${column + 4} ${row + 4}h1v1h-1z`;
    }
  const size = SIDE + 8;
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${size} ${size}"><rect width="${size}" height="${size}" fill="#fff"/><path d="${path}" fill="#000"/></svg>`;
}
