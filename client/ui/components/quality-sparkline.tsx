/** A figure over time; where it is not known the line has a gap. */
export interface Line {
  kind: 'up' | 'down';
  values: readonly { at: number; value: number | undefined }[];
}

interface SparklineProps {
  lines: readonly Line[];
  /** The value at the top. */
  top: number;
  /** What it shows, in words. */
  label: string;
}

/** The time that it shows, in ms. */
const SPAN_MS = 60_000;
const WIDTH = 300;
const HEIGHT = 36;
/** Half of a line's width: at the edges it is not cut. */
const MARGIN = 1.5;

/** A minute as a small drawing: the newest is at the right. */
export function Sparkline({ lines, top, label }: SparklineProps) {
  const newest = Math.max(...lines.flatMap(({ values }) => values.map(({ at }) => at)), 0);
  const x = (at: number) => WIDTH - MARGIN - ((newest - at) / SPAN_MS) * (WIDTH - 2 * MARGIN);
  const y = (value: number) => HEIGHT - MARGIN - (value / top) * (HEIGHT - 2 * MARGIN);
  return (
    <svg
      class="quality-sparkline"
      viewBox={`0 0 ${WIDTH} ${HEIGHT}`}
      preserveAspectRatio="none"
      role="img"
      aria-label={label}
    >
      <path class="quality-base" d={`M0 ${HEIGHT - 0.5}H${WIDTH}`} />
      {lines.map(({ kind, values }) => (
        <path key={kind} class={`quality-line-${kind}`} d={pathOf(values, x, y)} />
      ))}
    </svg>
  );
}

/** Straight lines from one known value to the next; one that stands alone is a dot. */
function pathOf(values: Line['values'], x: (at: number) => number, y: (value: number) => number): string {
  return values
    .map(({ at, value }, index) => {
      if (value === undefined) return '';
      const point = `${x(at).toFixed(1)} ${y(value).toFixed(1)}`;
      if (values[index - 1]?.value !== undefined) return `L${point}`;
      return `M${point}h0`;
    })
    .join('');
}
