import { useSignal } from '@preact/signals';
import { useEffect } from 'preact/hooks';
import { CheckIcon, LinkIcon } from './icons.tsx';
import './button.css';

/** Time for which it says that it is done, in ms. */
const SAID_MS = 3_000;

/** @param onRefused told where the browser lets nothing be copied. */
export function CopyLink({ link, onRefused }: { link: string; onRefused: () => void }) {
  const copied = useSignal(0);
  useEffect(() => {
    if (copied.value === 0) return;
    const timer = setTimeout(() => (copied.value = 0), SAID_MS);
    return () => clearTimeout(timer);
  }, [copied.value]);

  const copy = async () => {
    try {
      await navigator.clipboard.writeText(link);
      copied.value += 1;
    } catch {
      onRefused();
    }
  };

  const done = copied.value > 0;
  return (
    <button type="button" class="button button-quiet copy-link" onClick={() => void copy()}>
      {done ? <CheckIcon /> : <LinkIcon />}
      <span aria-live="polite">{done ? 'Link copied' : 'Copy link'}</span>
    </button>
  );
}
