import type { Severity } from './answers.ts';
import './severity-icon.css';

const SHAPES: Record<Severity, string> = {
  good: 'M5 12.5l4.5 4.5L19 7.5',
  noticeable: 'M12 6v7M12 17v.5',
  bad: 'M7 7l10 10M17 7L7 17',
  unknown: 'M7 12h10',
};

/** How bad a call was, by shape and colour; words stand beside it. */
export function SeverityIcon({ severity }: { severity: Severity }) {
  return (
    <span class={`severity severity-${severity}`} aria-hidden="true">
      <svg class="icon" viewBox="0 0 24 24" focusable="false">
        <path d={SHAPES[severity]} />
      </svg>
    </span>
  );
}
