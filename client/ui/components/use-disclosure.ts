import { useSignal, type Signal } from '@preact/signals';
import type { RefObject } from 'preact';
import { useEffect, useRef } from 'preact/hooks';

interface Disclosure {
  open: Signal<boolean>;
  /** To be put on the element that holds both the button and what it opens. */
  root: RefObject<HTMLDivElement | null>;
  /** To be put on the button. */
  button: RefObject<HTMLButtonElement | null>;
}

/** Something that a button opens over the page. Escape closes it, and so does going elsewhere: it covers nothing for long. */
export function useDisclosure(): Disclosure {
  const open = useSignal(false);
  const root = useRef<HTMLDivElement>(null);
  const button = useRef<HTMLButtonElement>(null);

  useEffect(() => {
    if (!open.value) return;
    const closing = new AbortController();
    const closeOnEscape = ({ key }: KeyboardEvent) => {
      if (key !== 'Escape') return;
      open.value = false;
      button.current?.focus();
    };
    const closeElsewhere = ({ target }: Event) => {
      if (target instanceof Node && !root.current?.contains(target)) open.value = false;
    };
    document.addEventListener('keydown', closeOnEscape, closing);
    document.addEventListener('pointerdown', closeElsewhere, closing);
    document.addEventListener('focusin', closeElsewhere, closing);
    return () => closing.abort();
  }, [open.value]);

  return { open, root, button };
}
