import type { Page } from 'playwright-core';

/** Time between two looks at the pictures, in ms. */
const LOOK_MS = 20;
/** A picture of ten frames a second that shows none for so long stands still, in ms. */
const STILL_MS = 1_000;

/** One picture, from its coming to its going: when each of its frames was first seen, in ms since 1970. */
export interface Shown {
  /** The name of the tile. */
  name: string;
  frames: number[];
  /** The tile showed it last at this time, be it a frame as before. */
  until: number;
}

/** Begins to note every new frame that the tiles of others show on a page, until the page is gone. */
export async function noteFrames(page: Page, own: string): Promise<void> {
  await page.evaluate(
    ({ own, lookMs }) => {
      const all = new Map<string, Shown & { counted: number }>();
      Object.assign(window, { shownFrames: all });
      setInterval(() => {
        const now = Date.now();
        for (const video of document.querySelectorAll('video')) {
          const name = video.closest('[role=group]')?.getAttribute('aria-label') ?? '';
          const track =
            video.srcObject instanceof MediaStream ? video.srcObject.getVideoTracks()[0] : undefined;
          if (!track || name === '' || name === own) continue;
          const counted = video.getVideoPlaybackQuality().totalVideoFrames;
          const shown = all.get(track.id) ?? { name, frames: [], until: 0, counted: 0 };
          shown.until = now;
          if (counted > shown.counted) shown.frames.push(now);
          shown.counted = counted;
          all.set(track.id, shown);
        }
      }, lookMs);
    },
    { own, lookMs: LOOK_MS },
  );
}

/** The pictures that were seen until now, in the order in which they came. */
export async function shownOn(page: Page): Promise<Shown[]> {
  const all = await page.evaluate(() =>
    [...(window as unknown as { shownFrames: Map<string, Shown> }).shownFrames.values()].map(
      ({ name, frames, until }) => ({ name, frames, until }),
    ),
  );
  return all.filter(({ frames }) => frames.length > 0).sort((a, b) => cameAt(a) - cameAt(b));
}

/** The names of those whose pictures move now. */
export async function movingOn(page: Page): Promise<string[]> {
  const shown = await shownOn(page);
  const now = Math.max(...shown.map(({ until }) => until));
  return shown.filter((one) => one.until === now && now - lastSeenAt(one) < STILL_MS).map(({ name }) => name);
}

export const cameAt = ({ frames }: Shown): number => frames[0] ?? NaN;
export const lastSeenAt = ({ frames }: Shown): number => frames.at(-1) ?? NaN;

/** When somebody's picture showed a new frame first from a time on; undefined: never. */
export function seenFrom(shown: Shown[], name: string, from: number): number | undefined {
  const frames = shown.filter((one) => one.name === name).flatMap((one) => one.frames);
  return frames.sort((a, b) => a - b).find((at) => at >= from);
}

/** One picture in the place of another. */
export interface Swap {
  from: string;
  to: string;
  /** When the new one came, in ms since 1970. */
  at: number;
  /** From the last frame of the old one to the first frame of the new one, in ms; below 0 where both moved at once. */
  gap: number;
}

/** What came in place of what, where so many pictures were shown from the beginning. */
export function swapsIn(shown: Shown[], places: number): Swap[] {
  const now = Math.max(...shown.map(({ until }) => until));
  const gone = shown.filter(({ until }) => until < now).sort((a, b) => lastSeenAt(a) - lastSeenAt(b));
  return shown.slice(places).flatMap((came, index) => {
    const went = gone[index];
    if (!went) return [];
    return { from: went.name, to: came.name, at: cameAt(came), gap: cameAt(came) - lastSeenAt(went) };
  });
}
