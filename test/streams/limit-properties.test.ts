import { randomUUID } from 'node:crypto';
import fc from 'fast-check';
import t, { type Test } from '../support/tap.ts';
import type { LimitChange } from '../../server/streams/user-limit.ts';
import type { StreamRecord } from '../../server/streams/slot-ledger.ts';
import { declaredOf, heldIds, LIMIT, poolForMany, testNode } from '../support/ledger.ts';
import { Peer, type JoinedPeer } from '../support/peer.ts';
import { testDatabase } from '../support/postgres.ts';
import { testServer, type TestServer } from '../support/server.ts';
import { anyToken, tokenOf, tokenSettings } from '../support/tokens.ts';
import { camera } from '../support/watching.ts';

/** Tokens are issued, and limits set, at one of a few moments: so that some are at the same one. */
const moment = fc.nat({ max: 4 });
const limit = fc.nat({ max: 5 });
const claim = fc.option(limit, { nil: undefined, freq: 3 });
const pick = fc.nat({ max: 11 });

/** What is left behind by one that fails would make the next ones fail too. */
const REPORTED = { seed: 16, endOnFailure: true, includeErrorInReport: true } as const;

/** What tokens and REST calls have said of a user: the rule, as the documentation tells it. */
class Said {
  #token: { limit: number | undefined; at: number } | undefined;
  #set: { limit: number; at: number } | undefined;

  byToken(limit: number | undefined, at: number): void {
    const before = this.#token;
    const lower = before?.at === at && (limit ?? LIMIT) < (before.limit ?? LIMIT);
    if (!before || at > before.at || lower) this.#token = { limit, at };
  }

  byApi(limit: number, at: number): void {
    this.#set = { limit, at: Math.max(at, this.#token?.at ?? at, this.#set?.at ?? at) };
  }

  unset(): void {
    this.#set = undefined;
  }

  get limit(): number {
    const [token, set] = [this.#token, this.#set];
    if (set && !(token?.limit !== undefined && token.at > set.at)) return set.limit;
    return token?.limit ?? LIMIT;
  }
}

t.test('whatever is done to slots and limits at once, nobody ever holds more than the limit', async (t) => {
  const database = await testDatabase(t);
  const pool = poolForMany(t, database.connectionString);
  const nodes = await Promise.all([testNode(pool), testNode(pool)]);

  const node = fc.nat({ max: nodes.length - 1 });
  const work = fc.oneof(
    { weight: 6, arbitrary: fc.record({ do: fc.constant('start' as const), node, declared: fc.boolean() }) },
    { weight: 2, arbitrary: fc.record({ do: fc.constant('end' as const), node, pick }) },
    { weight: 2, arbitrary: fc.record({ do: fc.constant('replace' as const), node, pick }) },
    { weight: 2, arbitrary: fc.record({ do: fc.constant('token' as const), node, claim, moment }) },
    { weight: 2, arbitrary: fc.record({ do: fc.constant('set' as const), node, limit, moment }) },
    { weight: 1, arbitrary: fc.record({ do: fc.constant('unset' as const), node }) },
  );
  type Work = typeof work extends fc.Arbitrary<infer W> ? W : never;
  /** What is done at once; then all of it is waited for. */
  const batches = fc.array(fc.array(work, { minLength: 1, maxLength: 10 }), { minLength: 1, maxLength: 6 });
  const began = Date.now();
  const at = (moment: number) => new Date(began + moment * 1_000);

  const now = async (user: string) => {
    const { rows } = await pool.query<{ held: number; most: number; limit: number }>(
      `SELECT count(stream_id)::int AS held, count(*)::int AS most,
         coalesce((SELECT max_video_streams FROM user_limits WHERE user_id = $1), $2::int) AS limit
       FROM slots WHERE user_id = $1`,
      [user, LIMIT],
    );
    const [found] = rows;
    if (!found) throw new Error('no answer');
    if (found.held > found.limit) throw new Error(`${found.held} held, ${found.limit} is the limit`);
    if (found.most > found.limit) throw new Error(`${found.most} places, ${found.limit} is the limit`);
    return found;
  };

  let looks = 0;
  let starts = 0;
  const run = async (schedule: Work[][]) => {
    const user = randomUUID();
    const known: StreamRecord[] = [];
    const chosen = (index: number) => known[index % (known.length || 1)]?.id ?? randomUUID();
    const ledgerOf = (index: number) => {
      const found = nodes[index];
      if (!found) throw new Error('no such node');
      return found;
    };
    const doOne = async (one: Work): Promise<boolean> => {
      const { ledger, streamOf } = ledgerOf(one.node);
      const change = async (wanted: LimitChange) => (await ledger.changeLimit(user, wanted)).changed;
      switch (one.do) {
        case 'start': {
          const record = one.declared ? declaredOf(user) : streamOf(user);
          known.push(record);
          return (await ledger.acquire(record)).granted;
        }
        case 'replace': {
          const record = declaredOf(user);
          known.push(record);
          return ledger.replace(chosen(one.pick), record);
        }
        case 'end':
          await ledger.release({ id: chosen(one.pick), userId: user }, 'stopped');
          return true;
        case 'token':
          return change({ by: 'token', limit: one.claim, issuedAt: at(one.moment) });
        case 'set':
          return change({ by: 'api', limit: one.limit, at: at(one.moment) });
        case 'unset':
          return change({ by: 'nobody' });
      }
    };
    for (const batch of schedule) {
      const before = await now(user);
      const done = new AbortController();
      const looking = (async () => {
        while (!done.signal.aborted) {
          await now(user);
          looks += 1;
        }
      })();
      const doing = Promise.all(batch.map(doOne)).finally(() => done.abort());
      const [answers] = await Promise.all([doing, looking]);
      const after = await now(user);
      const started = batch.filter((one, index) => one.do === 'start' && answers[index]).length;
      starts += started;
      if (batch.every((one) => one.do === 'start')) {
        const free = Math.min(batch.length, before.limit - before.held);
        if (started !== free) throw new Error(`${started} granted, ${free} were free`);
      }
      const open = await pool.query(`SELECT FROM streams WHERE user_id = $1 AND ended_at IS NULL`, [user]);
      if (open.rowCount !== after.held)
        throw new Error(`${open.rowCount} streams run in ${after.held} slots`);
    }
    for (const id of await heldIds(pool, user))
      await ledgerOf(0).ledger.release({ id, userId: user }, 'stopped');
  };
  await fc.assert(fc.asyncProperty(batches, run), { ...REPORTED, numRuns: 60 });
  t.ok(looks > 200 && starts > 100, `${looks} looks, ${starts} starts`);
});

t.test('one after another, tokens and REST calls give the limit that the rule gives', async (t) => {
  const database = await testDatabase(t);
  const { ledger } = await testNode(poolForMany(t, database.connectionString));
  const change = fc.oneof(
    { weight: 4, arbitrary: fc.record({ by: fc.constant('token' as const), limit: claim, moment }) },
    { weight: 2, arbitrary: fc.record({ by: fc.constant('api' as const), limit, moment }) },
    { weight: 1, arbitrary: fc.record({ by: fc.constant('nobody' as const) }) },
  );
  const began = Date.now();
  await fc.assert(
    fc.asyncProperty(fc.array(change, { minLength: 1, maxLength: 12 }), async (changes) => {
      const [user, said] = [randomUUID(), new Said()];
      for (const one of changes) {
        const before = said.limit;
        if (one.by === 'nobody') {
          said.unset();
          await ledger.changeLimit(user, one);
        } else {
          const time = new Date(began + one.moment * 1_000);
          if (one.by === 'token') said.byToken(one.limit, one.moment);
          else said.byApi(one.limit, one.moment);
          const { changed } = await ledger.changeLimit(
            user,
            one.by === 'token'
              ? { by: 'token', limit: one.limit, issuedAt: time }
              : { by: 'api', limit: one.limit, at: time },
          );
          if (before !== said.limit && !changed) throw new Error('a change is not told');
        }
        const { limit: inForce } = await ledger.limitOf(user);
        if (inForce !== said.limit) throw new Error(`the limit is ${inForce}, not ${said.limit}`);
      }
    }),
    { ...REPORTED, numRuns: 100 },
  );
  t.pass('they agree');
});

const TABS = 3;
const CAMERAS = 5;
const tab = fc.nat({ max: TABS - 1 });
const deed = fc.oneof(
  { weight: 6, arbitrary: fc.record({ do: fc.constant('watch' as const), tab, pick }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('stop' as const), tab }) },
  { weight: 3, arbitrary: fc.record({ do: fc.constant('declare' as const), oldest: fc.boolean() }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('older service' as const) }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('refresh' as const), tab, claim, moment }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('set' as const), limit }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('unset' as const) }) },
);
type Deed = typeof deed extends fc.Arbitrary<infer D> ? D : never;

/** A user with several tabs and players outside, whose limit changes while all of them start streams. */
class Household {
  readonly #server: TestServer;
  readonly #cameras: string[];
  readonly #user: string;
  readonly #tabs: JoinedPeer[];
  readonly #backend: string;
  /** Consumers that the tabs asked for, by tab. */
  readonly #watched: string[][] = Array.from({ length: TABS }, () => []);
  readonly #began = Math.floor(Date.now() / 1000) - 100;

  private constructor(
    server: TestServer,
    cameras: string[],
    user: string,
    tabs: JoinedPeer[],
    backend: string,
  ) {
    this.#server = server;
    this.#cameras = cameras;
    this.#user = user;
    this.#tabs = tabs;
    this.#backend = backend;
  }

  static async arrive(t: Test, server: TestServer, cameras: string[]): Promise<Household> {
    const user = String(Math.floor(Math.random() * 1e9));
    const token = await anyToken({ sub: user, iat: Math.floor(Date.now() / 1000) - 200 });
    const joins = Array.from({ length: TABS }, (_, index) =>
      Peer.inRoom(t, server.url, 'tea', { token }, { autoSubscribe: index === 0 }),
    );
    const backend = await tokenOf('backend', { streamsWrite: true, statsRead: true });
    return new Household(server, cameras, user, await Promise.all(joins), backend);
  }

  async take(batch: Deed[]): Promise<void> {
    await Promise.all(batch.map((one) => this.#do(one)));
  }

  /** At rest what is held is within the limit, is what is forwarded or declared, and every tab knows of both. */
  async check(): Promise<void> {
    const { audit, database } = this.#server;
    const { limit, streams } = await this.#ask<{ limit: number; streams: { id: string; origin: string }[] }>(
      'GET',
      'streams',
    );
    if (streams.length > limit) throw new Error(`${streams.length} held, ${limit} is the limit`);
    const { drift } = await audit.compare();
    if (drift.length > 0) throw new Error(JSON.stringify(drift));
    const { rows } = await database.pool.query<{ most: number }>(
      'SELECT count(*)::int AS most FROM slots WHERE user_id = $1',
      [this.#user],
    );
    if ((rows[0]?.most ?? 0) > limit) throw new Error(`${rows[0]?.most} places, ${limit} is the limit`);
  }

  /** Every tab is told of a limit that is set, and of nothing beyond it. */
  async checkTold(limit: number): Promise<void> {
    for (const tab of this.#tabs) tab.received.splice(1);
    await this.#ask('PUT', 'limit', { maxVideoStreams: limit === 0 ? 1 : 0 });
    await this.#ask('PUT', 'limit', { maxVideoStreams: limit });
    for (const tab of this.#tabs) {
      await tab.next('streams', (told) => told.limit === limit && told.streams.length <= limit);
    }
  }

  async goHome(): Promise<void> {
    await Promise.all(this.#tabs.map((tab) => tab.request('leave', {})));
    await this.#server.streams.settled();
    const { streams } = await this.#ask<{ streams: { id: string }[] }>('GET', 'streams');
    for (const { id } of streams) await this.#ask('DELETE', `streams/${id}`);
    for (const tab of this.#tabs) tab.socket.terminate();
  }

  async #do(one: Deed): Promise<void> {
    switch (one.do) {
      case 'watch': {
        const answer = await this.#tab(one.tab).raw('consume', {
          producerId: this.#cameras[one.pick % CAMERAS],
        });
        if (answer.ok) this.#watched[one.tab]?.push((answer.data as { id: string }).id);
        // Its slot may go to another one, or with a lower limit, while it starts.
        if (!answer.ok && !['stream_limit', 'not_found'].includes(answer.error.code))
          throw new Error(answer.error.message);
        return;
      }
      case 'stop': {
        const consumerId = this.#watched[one.tab]?.pop();
        // The server may have ended it.
        if (consumerId !== undefined) await this.#tab(one.tab).raw('closeConsumer', { consumerId });
        return;
      }
      case 'declare':
        await this.#ask('POST', 'streams', { onLimit: one.oldest ? 'replace_oldest' : 'reject' });
        return;
      case 'older service':
        await this.#server.app.inject(`/api/startstream/${this.#user}`);
        return;
      case 'refresh': {
        const video = { roomJoin: true, ...(one.claim !== undefined && { maxVideoStreams: one.claim }) };
        const token = await anyToken({ sub: this.#user, iat: this.#began + one.moment, video });
        await this.#tab(one.tab).request('refreshToken', { token });
        return;
      }
      case 'set':
        await this.#ask('PUT', 'limit', { maxVideoStreams: one.limit });
        return;
      case 'unset':
        await this.#ask('DELETE', 'limit');
    }
  }

  async #ask<T>(method: 'GET' | 'POST' | 'PUT' | 'DELETE', path: string, payload?: object): Promise<T> {
    const url = `/api/v1/users/${this.#user}/${path}`;
    const headers = { authorization: `Bearer ${this.#backend}` };
    const answer = await this.#server.app.inject({ method, url, headers, ...(payload && { payload }) });
    if (![200, 201, 204, 409, 410].includes(answer.statusCode)) throw new Error(answer.body);
    return (answer.body === '' ? undefined : answer.json()) as T;
  }

  #tab(index: number): JoinedPeer {
    const found = this.#tabs[index];
    if (!found) throw new Error('no such tab');
    return found;
  }
}

t.test('tabs, players and a limit that changes, all at once: at rest they agree', async (t) => {
  const server = await testServer(t, {
    ...tokenSettings,
    ...{ JOINS_PER_MINUTE_PER_USER: '1000', JOINS_PER_MINUTE_PER_ADDRESS: '1000' },
    ...{ MESSAGES_PER_SECOND: '1000', MESSAGES_BURST: '1000', REST_REQUESTS_PER_MINUTE: '100000' },
  });
  const cameras: string[] = [];
  for (let index = 0; index < CAMERAS; index += 1) {
    cameras.push(await camera(await Peer.inRoom(t, server.url, 'tea')));
  }
  const batches = fc.array(fc.array(deed, { minLength: 1, maxLength: 8 }), { minLength: 1, maxLength: 6 });
  await fc.assert(
    fc.asyncProperty(batches, limit, async (schedule, last) => {
      const household = await Household.arrive(t, server, cameras);
      for (const batch of schedule) {
        await household.take(batch);
        await household.check();
      }
      await household.checkTold(last);
      await household.check();
      await household.goHome();
    }),
    { ...REPORTED, numRuns: 5 },
  );
  t.equal(server.streams.mended, 0, 'nothing had to be put right');
});
