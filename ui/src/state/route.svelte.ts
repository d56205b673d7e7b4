// Where the reader is: a section and, within it, one thing. Kept in the address, so that Back works.

export const SECTIONS = ["conversations", "motions", "members", "audit", "settings"] as const;
export type Section = (typeof SECTIONS)[number];

export interface Route {
  section: Section;
  item: string | null;
}

let here = $state<Route>(parse(window.location.hash));
window.addEventListener("hashchange", () => (here = parse(window.location.hash)));

function parse(hash: string): Route {
  const [section, item] = hash.replace(/^#\/?/, "").split("/");
  const known = SECTIONS.find((name) => name === section);
  return { section: known ?? "conversations", item: known && item ? decodeURIComponent(item) : null };
}

export function route(): Route {
  return here;
}

export function go(section: Section, item: string | null = null): void {
  window.location.hash = item === null ? `/${section}` : `/${section}/${encodeURIComponent(item)}`;
}

/** Goes there, and answers when it is shown. */
export async function arrive(section: Section, item: string | null = null): Promise<void> {
  if (here.section === section && here.item === item) return;
  const there = new Promise((resolve) => addEventListener("hashchange", resolve, { once: true }));
  go(section, item);
  await there;
  await new Promise((resolve) => setTimeout(resolve));
}
