// Whether list and page stand side by side; where there is no room for both they take turns.

const beside = window.matchMedia("(min-width: 900px)");
let wide = $state(beside.matches);
beside.addEventListener("change", () => (wide = beside.matches));

export function sideBySide(): boolean {
  return wide;
}
