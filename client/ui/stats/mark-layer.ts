import type uPlot from 'uplot';
import type { Mark } from './marks.ts';

export interface MarkColors {
  readonly line: string;
  readonly text: string;
  readonly path: string;
}

/** Between two labels, in CSS pixels; marks that are nearer to each other have one. */
const APART = 6;

/** Draws what happened below the lines of a chart: comings and ways as lines with a word, layers as triangles at the top. */
export function drawMarks(plot: uPlot, marks: readonly Mark[], colors: MarkColors, font: string): void {
  const { ctx, bbox } = plot;
  const ratio = devicePixelRatio;
  const { min = 0, max = 0 } = plot.scales['x'] ?? {};
  const shown = marks
    .filter(({ at }) => at >= min && at <= max)
    .map((mark) => ({ ...mark, x: plot.valToPos(mark.at, 'x', true) }));
  ctx.save();
  ctx.beginPath();
  ctx.rect(bbox.left - ratio, 0, bbox.width + 2 * ratio, bbox.top + bbox.height);
  ctx.clip();
  for (const { x, kind } of shown) {
    if (isLayer(kind)) drawTriangle(ctx, x, bbox.top + 5 * ratio, kind === 'higher layer', colors.line);
    else drawLine(ctx, x, bbox, kind === 'path', kind === 'path' ? colors.path : colors.line);
  }
  ctx.font = font.replace(/^([\d.]+)px/, (_size, px: string) => `${Number(px) * ratio}px`);
  ctx.textBaseline = 'top';
  ctx.fillStyle = colors.text;
  const labelled = shown.filter(({ kind }) => !isLayer(kind));
  let free = -Infinity;
  for (const { x } of labelled) {
    if (x < free) continue;
    const near = labelled.filter((other) => other.x >= x && other.x < x + APART * ratio);
    const label = [...new Set(near.map((mark) => mark.label))].join(', ');
    const { width } = ctx.measureText(label);
    // At the right edge it stands on the other side of its line.
    const right = x + 3 * ratio;
    const left = right + width > bbox.left + bbox.width ? x - 3 * ratio - width : right;
    if (left < free) continue;
    ctx.fillText(label, left, ratio);
    free = left + width + APART * ratio;
  }
  ctx.restore();
}

const isLayer = (kind: Mark['kind']): boolean => kind === 'higher layer' || kind === 'lower layer';

function drawLine(
  ctx: CanvasRenderingContext2D,
  x: number,
  { top, height }: uPlot.BBox,
  dashed: boolean,
  color: string,
): void {
  ctx.strokeStyle = color;
  ctx.lineWidth = devicePixelRatio;
  ctx.setLineDash(dashed ? [2 * devicePixelRatio, 3 * devicePixelRatio] : []);
  ctx.beginPath();
  ctx.moveTo(x, top - 12 * devicePixelRatio);
  ctx.lineTo(x, top + height);
  ctx.stroke();
}

function drawTriangle(ctx: CanvasRenderingContext2D, x: number, y: number, up: boolean, color: string): void {
  const half = 3.5 * devicePixelRatio;
  const tip = up ? -half : half;
  ctx.fillStyle = color;
  ctx.beginPath();
  ctx.moveTo(x - half, y - tip);
  ctx.lineTo(x + half, y - tip);
  ctx.lineTo(x, y + tip);
  ctx.fill();
}
