import type { Grade } from '../../sdk/index.ts';
import './quality-bars.css';

/** So many bars are full. */
const FULL: Record<Grade, number> = { poor: 1, fair: 2, good: 3 };

/** In a square of 24: the better, the more bars are full; none where it is not known. */
export function QualityBars({ grade }: { grade: Grade | undefined }) {
  const full = grade === undefined ? 0 : FULL[grade];
  return (
    <svg class="quality-bars" viewBox="0 0 24 24" aria-hidden="true" focusable="false">
      {[0, 1, 2].map((bar) => (
        <rect
          key={bar}
          class={bar < full ? 'quality-bar-full' : 'quality-bar-hollow'}
          x={4 + bar * 6}
          y={14 - bar * 4.5}
          width="4"
          height={5.5 + bar * 4.5}
          rx="1"
        />
      ))}
    </svg>
  );
}
