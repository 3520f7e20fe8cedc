import type { Page } from 'playwright-core';

/** What arrives on a page from others. */
export type Kind = 'audio' | 'video';

/** What the script in the page notes. */
interface Noted {
  /** When media arrived, in ms since 1970, looked at ten times a second. */
  arrivals: Record<Kind, number[]>;
  /** What the page has said, one text after another. */
  said: string[];
}

/** Of media that flows, two looks find something new within so many ms. */
const FLOWING_MS = 500;
/** Media has come back once it has flowed for so many ms. */
const STEADY_MS = 2_500;

/** Notes from now on when media of others arrives on a page, and what the page says. To be called before it is opened. */
export async function noteArrivals(page: Page): Promise<void> {
  await page.addInitScript(() => {
    const noted: Noted = { arrivals: { audio: [], video: [] }, said: [] };
    Object.assign(window, { noted });
    const before = new Map<string, number>();
    let number = 0;
    const numbers = new WeakMap<RTCPeerConnection, number>();
    const look = async () => {
      const { peerConnections = [] } = window as unknown as { peerConnections?: RTCPeerConnection[] };
      for (const connection of peerConnections.filter(
        ({ connectionState }) => connectionState !== 'closed',
      )) {
        if (!numbers.has(connection)) numbers.set(connection, number++);
        (await connection.getStats()).forEach((stat: Record<string, string | number>) => {
          const { type, mid, kind, framesDecoded = 0, packetsReceived = 0 } = stat;
          if (type !== 'inbound-rtp' || mid === 'probator') return;
          const count = Number(kind === 'video' ? framesDecoded : packetsReceived);
          const key = `${numbers.get(connection)} ${stat['id']}`;
          if (count > (before.get(key) ?? 0)) noted.arrivals[kind as Kind].push(Date.now());
          before.set(key, count);
        });
      }
      setTimeout(() => void look(), 100);
    };
    void look();
    document.addEventListener('DOMContentLoaded', () => {
      const listen = () => {
        for (const one of document.querySelectorAll(
          '.call-state, .notice-text, .entry-failure, .tile-stalled-words, .entry-title',
        )) {
          const text = (one as HTMLElement).innerText.trim();
          if (text !== '' && noted.said.at(-1) !== text && !noted.said.includes(text)) noted.said.push(text);
        }
      };
      new MutationObserver(listen).observe(document.body, {
        childList: true,
        subtree: true,
        characterData: true,
      });
    });
  });
}

/** What the page has said since it was last asked. */
export function takeSaid(page: Page): Promise<string[]> {
  return page.evaluate(() => (window as unknown as { noted: Noted }).noted.said.splice(0));
}

/**
 * How long after a moment media has come back for good, in ms.
 *
 * @param from The moment, in ms since 1970.
 * @returns 0 where it has never stopped; undefined while it is not back, or not for long enough.
 */
export function backAfter(page: Page, kind: Kind, from: number): Promise<number | undefined> {
  return page.evaluate(
    ({ kind, from, FLOWING_MS, STEADY_MS }) => {
      const { arrivals } = (window as unknown as { noted: Noted }).noted;
      const now = Date.now();
      const all = arrivals[kind];
      let back = 0;
      for (let index = 1; index < all.length; index += 1) {
        const [before = 0, at = 0] = [all[index - 1], all[index]];
        if (at > from && at - before > FLOWING_MS) back = at - from;
      }
      const isFlowing = now - (all.at(-1) ?? 0) < FLOWING_MS;
      return isFlowing && now - from > STEADY_MS && now - from - back > STEADY_MS ? back : undefined;
    },
    { kind, from, FLOWING_MS, STEADY_MS },
  );
}
