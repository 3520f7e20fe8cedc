import type { Locator } from 'playwright-core';

/** A column of a chart's canvas, in its pixels. */
export interface DrawnColumn {
  x: number;
  /** The middle of each run of a line's colour, from the top. */
  ys: number[];
}

export interface DrawnLine {
  /** The plotting area, in pixels of the canvas. */
  area: { left: number; top: number; width: number; height: number };
  columns: DrawnColumn[];
}

/** How far a pixel's channels may be from the colour: lines have soft edges. */
const NEAR = 36;

/**
 * Where a line is on a chart, as it was drawn: by the pixels of its colour, and of those of lines that may cover it.
 *
 * @param chart What holds the canvas.
 * @param colors The custom properties that have the colours, such as `--up`.
 */
export function drawnLine(chart: Locator, colors: string[]): Promise<DrawnLine> {
  return chart.evaluate(
    (element, { colors, near }): DrawnLine => {
      const canvas = element.querySelector('canvas');
      const over = element.querySelector('.u-over');
      const context = canvas?.getContext('2d');
      if (!canvas || !over || !context) throw new Error('nothing is drawn');
      const wanted = colors.map((color) => {
        const hex = getComputedStyle(element).getPropertyValue(color).trim();
        return [1, 3, 5].map((at) => Number.parseInt(hex.slice(at, at + 2), 16));
      });
      const ratio = canvas.width / canvas.clientWidth;
      const [plotted, all] = [over.getBoundingClientRect(), canvas.getBoundingClientRect()];
      const area = {
        left: (plotted.left - all.left) * ratio,
        top: (plotted.top - all.top) * ratio,
        width: plotted.width * ratio,
        height: plotted.height * ratio,
      };
      const { data } = context.getImageData(0, 0, canvas.width, canvas.height);
      const isLine = (x: number, y: number) =>
        wanted.some((color) =>
          color.every((channel, n) => Math.abs((data[(y * canvas.width + x) * 4 + n] ?? 0) - channel) < near),
        );
      const columns = Array.from({ length: Math.floor(area.width) }, (_, n): DrawnColumn => {
        const x = Math.round(area.left) + n;
        const ys: number[] = [];
        let run: number[] = [];
        for (let y = 0; y <= canvas.height; y++) {
          if (y < canvas.height && isLine(x, y)) run.push(y);
          else if (run.length > 0) {
            ys.push(run.reduce((sum, one) => sum + one, 0) / run.length);
            run = [];
          }
        }
        return { x, ys };
      });
      return { area, columns };
    },
    { colors, near: NEAR },
  );
}

/** A value at a time, in seconds since the epoch. */
export interface Point {
  at: number;
  value: number;
}

/**
 * Which share of points a line goes through.
 *
 * @param shown The time axis, in seconds since the epoch.
 * @param most Where the other axis ends; it begins with 0.
 */
export function shareDrawn(
  { area, columns }: DrawnLine,
  points: readonly Point[],
  shown: { from: number; to: number },
  most: number,
): number {
  const drawn = points.filter(({ at, value }) => {
    const x = Math.round(((at - shown.from) / (shown.to - shown.from)) * area.width);
    const y = area.top + area.height * (1 - value / most);
    // A line turns at its points: there it is as high as they are, or in the column beside.
    return [-1, 0, 1].some((beside) => columns[x + beside]?.ys.some((one) => Math.abs(one - y) <= 2));
  });
  return drawn.length / points.length;
}
