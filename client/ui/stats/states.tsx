import '../components/button.css';

/** Stands where charts will be. */
export function Skeleton() {
  return (
    <div class="stats-skeleton" role="status">
      <span class="visually-hidden">Loading…</span>
      <div />
      <div />
      <div />
    </div>
  );
}

/** Why there is nothing to be seen, and what one can do. */
export function Trouble({ text, onRetry }: { text: string; onRetry: () => void }) {
  return (
    <div class="stats-trouble" role="alert">
      <p>{text}</p>
      <button type="button" class="button button-plain" onClick={onRetry}>
        Try again
      </button>
    </div>
  );
}
