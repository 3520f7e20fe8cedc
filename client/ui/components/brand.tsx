import './brand.css';

/** Three roads that meet. */
export function Mark() {
  return (
    <svg class="mark" viewBox="0 0 32 32" aria-hidden="true" focusable="false">
      <rect class="mark-ground" width="32" height="32" rx="9" />
      <path class="mark-roads" d="M16 17 8 8.5M16 17l8-8.5M16 17v8.5" />
      <circle class="mark-place" cx="16" cy="17" r="3.4" />
    </svg>
  );
}

export function Brand() {
  return (
    <span class="brand">
      <Mark />
      <span class="brand-name">Trivium</span>
    </span>
  );
}
