// What floats over the page at a point: within the window, and gone when the reader turns elsewhere.

export interface Point {
  x: number;
  y: number;
}

const MARGIN = 8;

/** Puts the element at the point, or on the other side of it where the window ends, and calls `onleave` when something
    else is pressed, scrolled or resized. */
export function floating(point: Point, onleave: () => void) {
  return (element: HTMLElement) => {
    const { width, height } = element.getBoundingClientRect();
    const left = Math.max(MARGIN, Math.min(point.x, window.innerWidth - width - MARGIN));
    const below = point.y + height + MARGIN <= window.innerHeight;
    const top = below ? point.y : Math.max(MARGIN, Math.min(point.y, window.innerHeight) - height);
    element.style.left = `${left}px`;
    element.style.top = `${top}px`;

    const elsewhere = (event: Event) => {
      if (!(event.target instanceof Node) || !element.contains(event.target)) onleave();
    };
    window.addEventListener("pointerdown", elsewhere, true);
    window.addEventListener("wheel", elsewhere, { capture: true, passive: true });
    window.addEventListener("resize", onleave);
    return () => {
      window.removeEventListener("pointerdown", elsewhere, true);
      window.removeEventListener("wheel", elsewhere, { capture: true });
      window.removeEventListener("resize", onleave);
    };
  };
}

/** The place below a control, at its right edge or its left one. */
export function below(control: Element): Point {
  const box = control.getBoundingClientRect();
  return { x: box.left, y: box.bottom + 4 };
}
