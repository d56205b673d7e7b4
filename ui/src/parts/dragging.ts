// Dragging within a list by mouse, pen or finger. It is never the only way: next to it there are buttons.

/** Follows the pointer until it is let go. `middles` are those of the other things in the list, from top to bottom;
    `place` hears how many of them are above the pointer whenever that changes. */
export function drag(event: PointerEvent, middles: () => number[], place: (above: number) => void): void {
  if (event.button !== 0) return;
  event.preventDefault();
  let last: number | null = null;

  function move({ clientY, pointerId }: PointerEvent) {
    if (pointerId !== event.pointerId) return;
    const above = middles().filter((middle) => middle < clientY).length;
    if (above === last) return;
    last = above;
    place(above);
  }

  function end({ pointerId }: PointerEvent) {
    if (pointerId !== event.pointerId) return;
    window.removeEventListener("pointermove", move);
    window.removeEventListener("pointerup", end);
    window.removeEventListener("pointercancel", end);
  }

  window.addEventListener("pointermove", move);
  window.addEventListener("pointerup", end);
  window.addEventListener("pointercancel", end);
}

/** Where the middle of what these elements cover is, from the top of the window. */
export function middle(elements: Element[]): number {
  const boxes = elements.map((element) => element.getBoundingClientRect());
  const top = Math.min(...boxes.map((box) => box.top));
  const bottom = Math.max(...boxes.map((box) => box.bottom));
  return (top + bottom) / 2;
}
