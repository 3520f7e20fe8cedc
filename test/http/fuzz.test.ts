import { randomUUID } from 'node:crypto';
import fc from 'fast-check';
import type { InjectOptions } from 'fastify';
import t from '../support/tap.ts';
import { createStatsSink } from '../../server/db/quality/sink.ts';
import { fitting, unfitting } from '../support/from-schema.ts';
import { openApiOf, undocumented, type Operation, type Parameter } from '../support/openapi.ts';
import { Peer } from '../support/peer.ts';
import { sampleOf, trackOf } from '../support/samples.ts';
import { testServer } from '../support/server.ts';
import { tokenOf, tokenSettings } from '../support/tokens.ts';

/** The same requests every time, but for ids that the server makes. */
const SEED = 20261121;
const RUNS = 70;

/** Stands for what is there now: a room, somebody in it, a user, a stream. */
const LIVING = Symbol('living');

/** Stands for the n-th thing that the server has named by now. */
interface Known {
  known: number;
}
const known = fc.nat().map((known): Known => ({ known }));

const isKnown = (value: unknown): value is Known =>
  typeof value === 'object' && value !== null && 'known' in value;

type Value = unknown;

interface Sent {
  actor: string;
  values: Value[];
  body: { type?: string; payload?: string | undefined };
}

function valueOf({ in: place, required, schema }: Parameter): fc.Arbitrary<Value> {
  const some = fc.oneof(
    { weight: 4, arbitrary: fc.constant(LIVING) },
    { weight: 3, arbitrary: known },
    { weight: 3, arbitrary: fitting(schema) },
    { weight: 2, arbitrary: unfitting(schema) },
  );
  return place === 'path' || required ? some : fc.option(some, { nil: undefined, freq: 2 });
}

function bodyOf({ requestBody }: Operation): fc.Arbitrary<Sent['body']> {
  const schema = requestBody?.content['application/json']?.schema;
  const json = (value: Value) => ({ type: 'application/json', payload: JSON.stringify(value) });
  return fc.oneof(
    { weight: 6, arbitrary: schema ? fitting(schema).map(json) : fc.constant({}) },
    { weight: 3, arbitrary: unfitting(schema ?? {}).map(json) },
    {
      weight: 1,
      arbitrary: fc.constantFrom(
        {},
        { type: 'application/json', payload: '' },
        { type: 'application/json', payload: '{' },
        { type: 'application/json', payload: '{"__proto__":{}}' },
        { type: 'application/json', payload: JSON.stringify({ label: 'x'.repeat(70_000) }) },
        { type: 'text/plain', payload: 'tea' },
        { type: 'application/xml', payload: '<a/>' },
      ),
    },
  );
}

/** In a URL there is text alone; what is one segment stays one. */
function segment(value: Value): string {
  const text = (typeof value === 'string' ? value : JSON.stringify(value)) || '_';
  return encodeURIComponent(text).replace(/^\.{1,2}$/, '_');
}

/** What is there is looked at before it is changed, and ended last; tokens that were revoked can do nothing any more. */
const rank = ({ method, operationId, path }: Operation): number =>
  operationId === 'revokeTokens'
    ? 9
    : ['POST', 'GET', 'PUT', 'PATCH', 'DELETE'].indexOf(method) - path.split('/').length / 10;

t.test('no request makes the server fail, and every answer is as the OpenAPI file says', async (t) => {
  const { app, url, database } = await testServer(t, { ...tokenSettings, MAX_ROOMS: '8' });
  const { operations } = await openApiOf(app);
  const { joined, send } = await Peer.inRoom(t, url, 'tea');
  const measured = { transport: send.id, track: randomUUID() };
  const of = {
    sessionId: joined.room.id,
    participantId: joined.participantId,
    transportId: measured.transport,
    figures: { upBytes: 1_000 },
  };
  await createStatsSink(database.pool).write([
    sampleOf(of),
    sampleOf({ ...of, track: trackOf({ id: measured.track }) }),
  ]);
  const everything = {
    roomJoin: true,
    roomCreate: true,
    roomList: true,
    roomAdmin: true,
    statsRead: true,
    streamsWrite: true,
  };
  const guest = (await app.inject('/api/v1/validate')).headers['set-cookie'];
  const bearer = async (token: Promise<string>) => ({ authorization: `Bearer ${await token}` });
  const actors: Record<string, Record<string, string>> = {
    admin: await bearer(tokenOf('operator', everything)),
    member: await bearer(tokenOf('ben', { roomJoin: true })),
    hostOfTea: await bearer(tokenOf('cleo', { ...everything, room: 'tea' })),
    guest: { cookie: String(guest).split(';', 1)[0] ?? '' },
    nobody: {},
    liar: { authorization: 'Bearer e30.e30.e30' },
  };
  /** A stream of ada’s that holds a slot; one is declared where there is none. */
  const declared = async (): Promise<string> => {
    const mine = { url: '/api/v1/users/ada/streams', headers: actors['admin'] ?? {} };
    const { streams } = (await app.inject(mine)).json<{ streams: { id: string }[] }>();
    return streams[0]?.id ?? (await app.inject({ ...mine, method: 'POST' })).json<{ id: string }>().id;
  };
  /** By the names of parameters; what is optional otherwise is left out. */
  let living: Record<string, string> = {};
  const thereFor = ({ path }: Operation, name: string, given: Value): Value => {
    if (given !== LIVING) return given;
    return living[name === 'id' && path.includes('/users/') ? 'userId' : name];
  };
  const ids = ['tea', 'ada', 'ben'];
  const noted = (text: string) => {
    for (const [, id] of text.matchAll(/"(?:id|streamId|participantId|nextCursor|cursor|code)":"([^"]+)"/g)) {
      if (id !== undefined && !ids.includes(id)) ids.push(id);
    }
  };

  const requestOf = (operation: Operation, { actor, values, body }: Sent): InjectOptions => {
    const { method, path, parameters = [] } = operation;
    const query = new URLSearchParams();
    const headers: Record<string, string> = { ...actors[actor] };
    let filled = path;
    for (const [index, { in: place, name }] of parameters.entries()) {
      const given = values[index];
      if (given === undefined) continue;
      const value: Value = isKnown(given) ? ids[given.known % ids.length] : thereFor(operation, name, given);
      if (value === undefined) continue;
      const text = typeof value === 'string' ? value : JSON.stringify(value);
      if (place === 'path') filled = filled.replace(`{${name}}`, () => segment(value));
      if (place === 'query') query.append(name, text);
      // What HTTP cannot say does not arrive.
      if (place === 'header') headers[name] = text.replaceAll(/[^\x20-\x7e]/g, '');
    }
    if (body.type !== undefined) headers['content-type'] = body.type;
    const search = query.size > 0 ? `?${query}` : '';
    return {
      method,
      url: `${filled}${search}`,
      headers,
      ...(body.payload !== undefined && { payload: body.payload }),
    };
  };

  for (const [index, operation] of operations.sort((one, other) => rank(one) - rank(other)).entries()) {
    const statuses = new Map<number, number>();
    living = {
      id: 'tea',
      participantId: joined.participantId,
      userId: 'ada',
      transportId: measured.transport,
      track: measured.track,
      fields: 'upLossRatio,rttMs',
      streamId: await declared(),
      code: 'gone',
      'if-match': '*',
    };
    const sent: fc.Arbitrary<Sent> = fc.record({
      actor: fc.oneof(
        { weight: 3, arbitrary: fc.constant('admin') },
        fc.constantFrom(...Object.keys(actors)),
      ),
      values: fc.oneof(
        { weight: 2, arbitrary: fc.tuple(...(operation.parameters ?? []).map(valueOf)) },
        { weight: 1, arbitrary: fc.constant((operation.parameters ?? []).map((): Value => LIVING)) },
      ),
      body: operation.method === 'GET' ? fc.constant({}) : bodyOf(operation),
    });
    const fits = fc.asyncProperty(sent, async (what) => {
      const request = requestOf(operation, what);
      const answer = await app.inject(request);
      const { statusCode, body } = answer;
      statuses.set(statusCode, (statuses.get(statusCode) ?? 0) + 1);
      noted(body);
      const wrong = undocumented(operation, answer);
      if (wrong !== undefined) throw new Error(`${wrong} (${JSON.stringify(request)})`);
      const full = statusCode === 503 && answer.json<{ code: string }>().code === 'server_full';
      if (statusCode >= 500 && !full) throw new Error(`${statusCode}: ${body} (${JSON.stringify(request)})`);
      if (what.actor === 'liar' && statusCode !== 401) throw new Error(`${statusCode} with a forged token`);
    });
    const name = `${operation.method} ${operation.path}`;
    await t.resolves(fc.assert(fits, { seed: SEED + index, numRuns: RUNS, endOnFailure: true }), name);
    const seen = [...statuses.keys()];
    t.ok(
      seen.some((status) => status < 300),
      `${name}: some are answered well`,
    );
    // Of 401 and 403 the tokens are the cause.
    const refused = seen.some((status) => status >= 400 && status < 500 && status !== 401 && status !== 403);
    const takesInput = operation.parameters !== undefined || operation.requestBody !== undefined;
    t.equal(refused, takesInput, `${name}: bad input is refused, where there can be any`);
    t.comment(
      `${name}: ${[...statuses]
        .sort()
        .map(([status, count]) => `${status} ×${count}`)
        .join(', ')}`,
    );
  }
  t.equal((await app.inject('/readyz')).statusCode, 200);
});
