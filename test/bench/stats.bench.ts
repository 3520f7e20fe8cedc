import { randomUUID } from 'node:crypto';
import { cpus } from 'node:os';
import { pino } from 'pino';
import t from '../support/tap.ts';
import { createPool } from '../../server/db/pool.ts';
import { seriesQuery } from '../../server/db/quality/records.ts';
import { fields, usualFields } from '../../server/stats/fields.ts';
import { RecordedCall, T0 } from '../support/recorded-call.ts';
import { production } from '../support/rest.ts';
import { testDatabase } from '../support/postgres.ts';
import { testServer } from '../support/server.ts';
import { tokenOf } from '../support/tokens.ts';
import { fill, type Measured } from './quality-rows.ts';
import { report } from './report.ts';

const DAY_MS = 86_400_000;
const DAYS = 3;
/** How many people are in each of the rooms whose people are measured. */
const ROOMS = [12, 4, 4, 4];
const OTHER_ROOMS = 21;
const REQUESTS = 200;
const WARM_UP = 20;
/** Requests that take longer than this are asked for fewer times, in ms. */
const SLOW_MS = 500;

t.test('what a series costs', { timeout: 1_500_000 }, async (t) => {
  const database = await testDatabase(t);
  const { connectionString } = database;
  const log = pino({ level: 'silent' });
  const patient = createPool({ connectionString, log, statementTimeoutMs: 900_000 });
  t.teardown(() => patient.end());

  const first = Math.floor(Date.now() / DAY_MS) * DAY_MS - DAYS * DAY_MS;
  const [began, ended] = [(first - T0) / 1000, (first - T0 + DAYS * DAY_MS) / 1000];
  const people: Measured[] = [];
  for (const [n, size] of ROOMS.entries()) {
    const call = await RecordedCall.begin(patient, `room-${n}`, began, ended);
    for (let each = 0; each < size; each++) {
      people.push({ call, ...(await call.join(`user-${n}-${each}`, began, ended)) });
    }
  }
  const filling = performance.now();
  const sessions = Array.from({ length: OTHER_ROOMS }, () => randomUUID());
  const rows = await fill(patient, { first, days: DAYS, people, sessions });
  t.comment(`${rows} rows in ${Math.round((performance.now() - filling) / 1000)} s`);

  const server = await testServer(t, production, { database });
  const authorization = `Bearer ${await tokenOf('asker', { statsRead: true })}`;
  const [one] = people;
  if (!one) throw new Error('nobody is there');
  const from = first + DAY_MS;
  const period = (ms: number) =>
    `from=${new Date(from).toISOString()}&to=${new Date(from + ms).toISOString()}`;
  const [day, hour] = [period(DAY_MS), period(3_600_000)];
  const table = ['| request | points | answer, KB | p50, ms | p99, ms |', '| --- | --- | --- | --- | --- |'];
  const get = (path: string) => server.app.inject({ url: `/api/v1${path}`, headers: { authorization } });
  const measure = async (what: string, path: string) => {
    const times: number[] = [];
    let answer = await get(path);
    const count = async (n: number) => {
      for (let each = 0; each < n; each++) {
        const start = performance.now();
        answer = await get(path);
        times.push(performance.now() - start);
      }
    };
    await count(3);
    const slow = Math.max(...times) > SLOW_MS;
    await count(slow ? 0 : WARM_UP);
    times.length = 0;
    await count(slow ? REQUESTS / 10 : REQUESTS);
    t.equal(answer.statusCode, 200, `${what}: ${answer.body.slice(0, 100)}`);
    times.sort((a, b) => a - b);
    const at = (share: number) => times[Math.floor(times.length * share)] ?? NaN;
    const { time } = answer.json<{ time?: number[] }>();
    const size = (answer.body.length / 1000).toFixed(0);
    table.push(
      `| ${what} | ${time?.length ?? ''} | ${size} | ${at(0.5).toFixed(1)} | ${at(0.99).toFixed(1)} |`,
    );
    t.comment(table.at(-1));
    return at(0.5);
  };

  const room = `/rooms/${one.call.sessionId}`;
  const small = `/rooms/room-1`;
  const days = await measure('a room’s day, `step=60`', `${room}/stats?step=60&${day}`);
  await measure('the same, every figure there is', `${room}/stats?step=60&${day}&fields=${fields.join()}`);
  await measure(
    'the same, 4 figures',
    `${room}/stats?step=60&${day}&fields=upBitrateBps,downLossRatio,rttMs,freezes`,
  );
  await measure('a room’s hour, `step=15`', `${room}/stats?step=15&${hour}`);
  await measure('a room’s hour, `step=5`, of samples (12 people)', `${room}/stats?step=5&${hour}`);
  await measure('a participant’s day, `step=60`', `/participants/${one.id}/stats?step=60&${day}`);
  await measure('a transport’s hour, `step=15`', `/transports/${one.send}/stats?step=15&${hour}`);
  await measure('a user’s day, `step=60`', `/users/user-0-0/stats?step=60&${day}`);
  const spread = 'fields=upLossRatio,downLossRatio,rttMs&percentiles=50,95';
  await measure(
    'a room’s hour, `step=60`, 2 percentiles of 3 figures (12 people)',
    `${room}/stats?step=60&${hour}&${spread}`,
  );
  await measure('a room’s day, `step=300`, the same (12 people)', `${room}/stats?step=300&${day}&${spread}`);
  await measure('a room’s day, `step=300`, the same (4 people)', `${small}/stats?step=300&${day}&${spread}`);
  await measure('a room’s summary of an hour (12 people)', `${room}/summary?${hour}`);
  await measure('a room’s summary of a day (4 people)', `${small}/summary?${day}`);
  await measure('a room’s summary of a day (12 people)', `${room}/summary?${day}`);

  const { text, values } = seriesQuery({
    subject: { kind: 'room', sessionId: one.call.sessionId },
    reporter: 'server',
    steps: { from, to: from + DAY_MS, step: 60, resolution: 60 },
    fields: usualFields,
    percentiles: [],
  });
  const { rows: plan } = await database.pool.query<{ 'QUERY PLAN': string }>(
    `EXPLAIN (ANALYZE, BUFFERS) ${text}`,
    values,
  );
  const lines = plan.map((line) => line['QUERY PLAN']);
  t.comment(lines.join('\n'));
  const where = `${cpus().length} cores, Node ${process.versions.node}, ${(rows / 1e6).toFixed(1)} million rows`;
  await report('stats', [...table, '', 'The plan of the first one:', '', '```', ...lines, '```'], where);
  t.ok(days < 50, `a room’s day: ${days} ms, as a rule`);
});
