import type uPlot from 'uplot';
import { lengthOf } from './span.ts';
import type { TimeWindow } from './time-window.ts';

/** A wheel's notch, in pixels, makes what is shown so many times shorter or longer. */
const ZOOM_PER_PIXEL = 1.0025;

/** Moves all charts with a mouse that grabs one of them: shift and drag. */
export function grab(plot: uPlot, window: TimeWindow, { clientX }: MouseEvent): void {
  const before = window.shown.peek();
  const perPixel = lengthOf(before) / plot.over.clientWidth;
  const ends = new AbortController();
  const move = (event: MouseEvent) => {
    const by = (clientX - event.clientX) * perPixel;
    window.show({ from: before.from + by, to: before.to + by });
  };
  addEventListener('mousemove', move, ends);
  addEventListener('mouseup', () => ends.abort(), ends);
}

/** Wheels and fingers: a wheel with ctrl zooms, as a pinch does, sideways it moves; so does a finger. */
export function navigate(plot: uPlot, window: TimeWindow): void {
  const { over } = plot;
  const timeAt = (clientX: number) => plot.posToVal(clientX - over.getBoundingClientRect().left, 'x');
  over.addEventListener(
    'wheel',
    (event) => {
      const sideways = event.shiftKey ? event.deltaX + event.deltaY : event.deltaX;
      if (event.ctrlKey || event.metaKey) {
        event.preventDefault();
        window.zoom(ZOOM_PER_PIXEL ** event.deltaY, timeAt(event.clientX));
      } else if (Math.abs(sideways) > Math.abs(event.deltaY) || event.shiftKey) {
        event.preventDefault();
        window.pan(sideways / over.clientWidth);
      }
    },
    { passive: false },
  );
  const fingers = new Map<number, number>();
  over.style.touchAction = 'pan-y';
  over.addEventListener('pointerdown', ({ pointerType, pointerId, clientX }) => {
    if (pointerType === 'touch') fingers.set(pointerId, clientX);
  });
  over.addEventListener('pointermove', ({ pointerId, clientX }) => {
    const was = fingers.get(pointerId);
    if (was === undefined) return;
    const other = [...fingers].find(([id]) => id !== pointerId)?.[1];
    if (other === undefined) window.pan((was - clientX) / over.clientWidth);
    else
      window.zoom(Math.max(1, Math.abs(was - other)) / Math.max(1, Math.abs(clientX - other)), timeAt(other));
    fingers.set(pointerId, clientX);
  });
  for (const end of ['pointerup', 'pointercancel'] as const) {
    over.addEventListener(end, ({ pointerId }) => fingers.delete(pointerId));
  }
}
