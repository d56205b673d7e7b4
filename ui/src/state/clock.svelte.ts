// One clock for the page: what depends on the time looks here and is drawn again once a second.

let ticking = $state(Date.now());
setInterval(() => (ticking = Date.now()), 1000);

export function now(): number {
  return ticking;
}
