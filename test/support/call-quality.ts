import type { TestServer } from './server.ts';

export const HOUR = 3_600_000;
export const DAY = 24 * HOUR;

/** An entry as `/api/metrics` answers it. */
export interface Entry {
  roomName: string;
  participant: string;
  time: string;
  videoSendBitsPerSecond: number;
  videoRecvBitsPerSecond: number;
  videoSendPacketLoss: number;
  videoRecvPacketLoss: number;
}

/** By room, then by participant. */
export type Answer = Record<string, Record<string, Entry[]>>;

/** Those of a report, in their order. */
export const figures = {
  videoSendBitsPerSecond: 1_000_000,
  videoRecvBitsPerSecond: 2_000_000,
  videoSendPacketLoss: 1,
  videoRecvPacketLoss: 2,
};

let rooms = 0;
/** A report of a room of its own. */
export const reportOf = (own: Record<string, unknown> = {}) => ({
  roomName: `room-${++rooms}`,
  participant: 'Ada',
  timestamp: Date.now(),
  ...figures,
  ...own,
});

export const bearer = (token: string | undefined) =>
  token === undefined ? {} : { authorization: `Bearer ${token}` };

/** Sends a report. */
export async function send({ app }: TestServer, report: object, token?: string) {
  const answer = await app.inject({
    method: 'POST',
    url: '/api/metrics',
    payload: report,
    headers: bearer(token),
  });
  return { status: answer.statusCode, body: answer.json<Entry & { msg?: string }>() };
}

/** Asks for a period. */
export async function read({ app }: TestServer, query: Record<string, string | number> = {}) {
  const search = new URLSearchParams(Object.entries(query).map(([name, value]) => [name, String(value)]));
  const answer = await app.inject(`/api/metrics?${search.toString()}`);
  return { status: answer.statusCode, body: answer.json<Answer>() };
}

/** How many reports the database has. */
export const stored = async ({ database }: TestServer) => {
  const { rows } = await database.pool.query<{ n: number }>(
    'SELECT count(*)::int AS n FROM call_quality_reports',
  );
  return rows[0]?.n;
};
