import type { ComponentChildren } from 'preact';
import { useLayoutEffect, useRef } from 'preact/hooks';
import type { Exchange } from '../state/exchange.ts';
import type { Unseen } from '../state/unseen.ts';
import './button.css';
import './watch-instead.css';

interface WatchInsteadProps {
  unseen: Unseen;
  exchange: Exchange;
}

/** Why a video is not to be seen, and the button that changes it. */
export function WatchInstead({ unseen, exchange }: WatchInsteadProps) {
  const { publication, why, limit } = unseen;
  const busy = exchange.running.value.has(publication);
  const watch = () => void exchange.watchInstead(publication);
  if (why === 'none') return <p class="unseen-why">You may watch no video here.</p>;
  if (why === 'starting' && !busy) return <p class="unseen-why">Starting…</p>;
  return (
    <>
      <p class="unseen-why">{why === 'failed' ? 'This video could not be started.' : sentence(limit)}</p>
      <WatchButton busy={busy} onClick={watch}>
        {why === 'failed' ? 'Try again' : 'Watch instead'}
      </WatchButton>
    </>
  );
}

function sentence(limit: number): string {
  return `You are watching ${limit === 1 ? '1 video' : `${limit} videos`}, the most at once.`;
}

interface WatchButtonProps {
  busy: boolean;
  onClick: () => void;
  children: ComponentChildren;
}

/** It goes when the picture comes: whoever was on it goes on from the tile, not from the top of the page. */
function WatchButton({ busy, onClick, children }: WatchButtonProps) {
  const button = useRef<HTMLButtonElement>(null);
  useLayoutEffect(() => {
    const element = button.current;
    return () => {
      if (document.activeElement === element) element?.closest<HTMLElement>('.tile')?.focus();
    };
  }, []);
  return (
    <button
      ref={button}
      type="button"
      class="button button-plain unseen-button"
      aria-disabled={busy}
      aria-busy={busy}
      onClick={onClick}
    >
      {children}
    </button>
  );
}
