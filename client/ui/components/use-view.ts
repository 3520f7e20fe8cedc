import type { RefObject } from 'preact';
import { useEffect, useRef } from 'preact/hooks';

let isFirst = true;

/**
 * What a view does when it takes another one's place: it names the page, and moves the focus to its heading, so that a
 * screen reader tells where one is. The first view leaves the focus where the browser puts it.
 */
export function useView(title: string): RefObject<HTMLHeadingElement | null> {
  const heading = useRef<HTMLHeadingElement>(null);
  useEffect(() => {
    document.title = title === '' ? 'Trivium' : `${title} · Trivium`;
    if (!isFirst) heading.current?.focus();
    isFirst = false;
  }, [title]);
  return heading;
}
