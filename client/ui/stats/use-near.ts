import { useSignal, type Signal } from '@preact/signals';
import type { RefObject } from 'preact';
import { useEffect } from 'preact/hooks';

/** Whether an element is on the page's visible part, or soon will be: fifty charts are not all drawn at once. */
export function useNear(element: RefObject<HTMLElement | null>): Signal<boolean> {
  const near = useSignal(false);
  useEffect(() => {
    if (!element.current) return;
    const observer = new IntersectionObserver(
      (entries) => (near.value = entries.at(-1)?.isIntersecting ?? false),
      { rootMargin: '200px 0px' },
    );
    observer.observe(element.current);
    return () => observer.disconnect();
  }, []);
  return near;
}
