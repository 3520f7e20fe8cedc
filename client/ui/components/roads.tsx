import './roads.css';

/** For the eye only: three who meet at one place. */
export function Roads() {
  return (
    <svg class="roads" viewBox="0 0 480 296" aria-hidden="true" focusable="false">
      <path class="roads-way" d="M150 60h14c42 0 42 60 76 60s34-60 76-60h14M240 120v80" />
      <path class="roads-line" d="M150 60h14c42 0 42 60 76 60s34-60 76-60h14M240 120v80" />
      <circle class="roads-place" cx="240" cy="120" r="15" />
      <Traveller number={1} x={1} y={1} />
      <Traveller number={2} x={323} y={1} />
      <Traveller number={3} x={162} y={187} />
    </svg>
  );
}

function Traveller({ number, x, y }: { number: number; x: number; y: number }) {
  return (
    <g class={`roads-tile roads-tile-${number}`} transform={`translate(${x} ${y})`}>
      <rect width="156" height="108" rx="18" />
      <circle cx="78" cy="45" r="19" />
      <path d="M42 108a36 36 0 0 1 72 0Z" />
    </g>
  );
}
