/** The figures that a chart draws, in the order of its lines. Bandwidth is on the left axis, loss on the right one. */
export const figures = [
  { field: 'upBitrateBps', label: 'Up', scale: 'bps', color: '--up' },
  { field: 'downBitrateBps', label: 'Down', scale: 'bps', color: '--down' },
  { field: 'upLossRatio', label: 'Lost up', scale: 'loss', color: '--lost-up' },
  { field: 'downLossRatio', label: 'Lost down', scale: 'loss', color: '--lost-down' },
] as const;

export type Figure = (typeof figures)[number];

/** The id of a participant's chart on the page. */
export const chartIdOf = (participantId: string): string => `participant-${participantId}`;

export const drawnFields = figures.map(({ field }) => field).join(',');
