import uPlot from 'uplot';
import type { TimelineParticipant } from './answers.ts';
import { figures } from './figures.ts';
import { timesOf } from './format.ts';
import { drawMarks, type MarkColors } from './mark-layer.ts';
import type { Mark } from './marks.ts';
import type { Span } from './span.ts';

/** No axis is shorter: what hardly anybody notices should look like little. */
const LEAST = { bps: 500_000, loss: 0.1 };

/** The side of an axis: the library's enum is there for the compiler alone. */
// eslint-disable-next-line @typescript-eslint/no-unsafe-enum-assignment -- it is a const enum of a declaration
const RIGHT: uPlot.Axis.Side = 1;

/** Of times on the axis, in CSS pixels: some have a day. */
const TICKS_APART = 90;

/** A line is filled so far. */
const OPACITY = { bps: '14', loss: '22' };

export interface ChartData {
  readonly time: readonly number[];
  readonly participant: TimelineParticipant;
  readonly marks: readonly Mark[];
}

export interface ChartOptions {
  readonly width: number;
  readonly height: number;
  readonly span: Span;
  /** Told where the cursor is, by the index of the step; null: nowhere. */
  readonly onCursor?: (index: number | null) => void;
  /** Told which part of time was drawn over. */
  readonly onSelect?: (span: Span) => void;
  /** Begins to move the chart instead. */
  readonly onGrab?: (event: MouseEvent) => void;
  readonly onShowAll?: () => void;
}

/** All charts have one cursor. */
const cursors = uPlot.sync('statistics');

/** A participant's bandwidth and loss, up and down, by time: a canvas by uPlot. */
export class Chart {
  readonly plot: uPlot;
  #marks: readonly Mark[];
  #most = { bps: 0, loss: 0 };

  constructor(into: HTMLElement, { time, participant, marks }: ChartData, options: ChartOptions) {
    const { width, height, span } = options;
    const style = getComputedStyle(into);
    const color = (name: string) => style.getPropertyValue(name).trim();
    const colors: MarkColors = {
      line: color('--quiet'),
      text: color('--text'),
      path: color('--accent-text'),
    };
    this.#marks = marks;
    this.#measure(participant);
    const font = `11px ${style.fontFamily}`;
    const axis = { font, stroke: color('--quiet'), ticks: { show: false } };
    const grid = { stroke: color('--line'), width: 1 };
    const interactive = options.onSelect !== undefined;
    this.plot = new uPlot(
      {
        width,
        height,
        legend: { show: false },
        padding: [14, 0, 0, 0],
        cursor: interactive ? this.#cursor(options) : { show: false },
        scales: {
          x: { time: true, range: (_plot, min, max) => [min, max] },
          bps: { range: () => [0, this.#most.bps] },
          loss: { range: () => [0, this.#most.loss] },
        },
        axes: [
          {
            ...axis,
            grid,
            size: 26,
            space: TICKS_APART,
            values: ({ scales: { x } }, ticks, _axis, _space, apart) =>
              ticks.map(timesOf({ from: x?.min ?? 0, to: x?.max ?? 0 }, apart < 60 ? 'seconds' : 'minutes')),
          },
          { ...axis, grid, scale: 'bps', size: 52, space: 28, values: (_plot, ticks) => ticks.map(megabits) },
          {
            ...axis,
            grid: { show: false },
            scale: 'loss',
            side: RIGHT,
            size: 46,
            space: 28,
            values: (_plot, ticks) => ticks.map((tick) => `${Number((tick * 100).toFixed(1))} %`),
          },
        ],
        series: [
          {},
          ...figures.map(({ scale, label, color: name }) => ({
            label,
            scale,
            stroke: color(name),
            fill: color(name) + OPACITY[scale],
            width: 1.5,
            points: { size: 4, fill: color(name) },
          })),
        ],
        hooks: {
          drawClear: [(plot) => drawMarks(plot, this.#marks, colors, font)],
          setCursor: [({ cursor }) => options.onCursor?.(cursor.idx ?? null)],
          setSelect: [
            (plot) => {
              const { left, width: selected } = plot.select;
              if (selected <= 0) return;
              plot.setSelect({ left: 0, top: 0, width: 0, height: 0 }, false);
              options.onSelect?.({
                from: plot.posToVal(left, 'x'),
                to: plot.posToVal(left + selected, 'x'),
              });
            },
          ],
        },
      },
      columnsOf(time, participant),
      into,
    );
    this.show(span);
  }

  setData({ time, participant, marks }: ChartData, span: Span): void {
    this.#marks = marks;
    this.#measure(participant);
    this.plot.batch(() => {
      this.plot.setData(columnsOf(time, participant), false);
      this.show(span);
    });
    // Where no scale has changed it would keep the index that it had in other steps.
    const { left = -1, top = -1 } = this.plot.cursor;
    if (left >= 0) this.plot.setCursor({ left, top });
  }

  show({ from, to }: Span): void {
    this.plot.setScale('x', { min: from, max: to });
  }

  setSize(width: number, height: number): void {
    this.plot.setSize({ width, height });
  }

  destroy(): void {
    cursors.unsub(this.plot);
    this.plot.destroy();
  }

  #cursor({ onGrab, onShowAll }: ChartOptions): uPlot.Cursor {
    return {
      y: false,
      sync: { key: cursors.key, setSeries: false, scales: ['x', null] },
      drag: { x: true, y: false, setScale: false, dist: 4 },
      points: { size: 7 },
      bind: {
        mousedown: (_plot, _target, handler) => (event) => {
          // Of the left button alone: another one's release is not told.
          if (event.button !== 0) return null;
          if (event.shiftKey) onGrab?.(event);
          else handler(event);
          return null;
        },
        dblclick: () => () => {
          onShowAll?.();
          return null;
        },
      },
    };
  }

  /** The axes stay as they are while one moves: they fit everything that is known. */
  #measure({ fields }: TimelineParticipant): void {
    const highest = (scale: 'bps' | 'loss') =>
      figures
        .filter((figure) => figure.scale === scale)
        .flatMap(({ field }) => fields[field] ?? [])
        .reduce<number>((most, value) => Math.max(most, value ?? 0), 0);
    this.#most = {
      bps: Math.max(LEAST.bps, highest('bps') * 1.08),
      loss: Math.max(LEAST.loss, Math.min(1, highest('loss') * 1.08)),
    };
  }
}

function columnsOf(time: readonly number[], { fields }: TimelineParticipant): uPlot.AlignedData {
  const columns = figures.map(({ field }) => [...(fields[field] ?? time.map(() => null))]);
  return [[...time], ...columns];
}

function megabits(bps: number): string {
  if (bps === 0) return '0';
  return bps < 1_000_000 ? `${Math.round(bps / 1000)} k` : `${Number((bps / 1_000_000).toFixed(2))} M`;
}
