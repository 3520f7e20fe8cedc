const KEY = 'trivium.seat';

/** The place that a page had when it was left. */
interface KeptSeat {
  url: string;
  room: string;
  resumeToken: string;
}

/** Keeps a place for the page that is loaded after this one in the same tab: most often the same again. */
export function keepSeat(seat: KeptSeat): void {
  try {
    sessionStorage.setItem(KEY, JSON.stringify(seat));
  } catch {
    // Storage is full or forbidden: the next page joins as if it were the first.
  }
}

/** Takes the place that was kept in this tab for a room. @returns its token; no other page gets it. */
export function takeSeat({ url, room }: Omit<KeptSeat, 'resumeToken'>): string | undefined {
  try {
    const kept = JSON.parse(sessionStorage.getItem(KEY) ?? 'null') as KeptSeat | null;
    sessionStorage.removeItem(KEY);
    return kept?.url === url && kept.room === room ? kept.resumeToken : undefined;
  } catch {
    return undefined;
  }
}
