/** Space between a panel and its button, and the edge of the window, in CSS px. */
const GAP = 6;

/** Puts a panel, which is shown, below its button, or above where it fits there alone; wholly within the window. */
export function placeBeside(panel: HTMLElement, button: HTMLElement): void {
  const { top, bottom, left } = button.getBoundingClientRect();
  const { offsetWidth: width, offsetHeight: height } = panel;
  const below = bottom + GAP;
  const above = top - GAP - height;
  const fitsBelow = below + height <= innerHeight - GAP;
  const y = fitsBelow || above < GAP ? below : above;
  panel.style.insetBlockStart = `${within(y, innerHeight - height)}px`;
  panel.style.left = `${within(left, innerWidth - width)}px`;
}

/** @param end How far it can go at most, without the gap. */
const within = (at: number, end: number): number => Math.max(GAP, Math.min(at, end - GAP));
