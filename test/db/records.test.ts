import { randomUUID } from 'node:crypto';
import t from '../support/tap.ts';
import { createCallRecords } from '../../server/db/call-records.ts';
import { createCallJournal } from '../../server/db/calls.ts';
import { registerNode } from '../../server/db/nodes.ts';
import { createStreamRecords } from '../../server/db/stream-records.ts';
import type { Page, PageRequest } from '../../server/rooms/page.ts';
import { declaredOf, settings, testNode } from '../support/ledger.ts';
import { testDatabase } from '../support/postgres.ts';

const at = (clock: string) => new Date(`2025-03-01T${clock}Z`);
const first = (limit: number): PageRequest => ({ limit, after: undefined });

/** Every page of a list: the ids on each. */
async function pagesOf(limit: number, list: (page: PageRequest) => Promise<Page<{ id: string }>>) {
  const pages: string[][] = [];
  for (let page: PageRequest | undefined = first(limit); page;) {
    const { items, next }: Page<{ id: string }> = await list(page);
    pages.push(items.map(({ id }) => id));
    page = next && { limit, after: next };
  }
  return pages;
}

t.test('what is read of calls and streams', async (t) => {
  const { pool } = await testDatabase(t);
  const start = async (nodeId: string) => {
    const node = { nodeId, incarnation: randomUUID() };
    await registerNode(pool, node);
    return { journal: createCallJournal(pool, node), records: createCallRecords(pool, node) };
  };

  t.test('a session, as its own server and as another one sees it', async (t) => {
    const [here, there] = [await start('here'), await start('there')];
    const id = randomUUID();
    const locked = { locked: true, maxParticipants: 7, emptyTtl: 86_400_000 };
    await here.journal.sessionStarted({ id, roomName: 'one', startedAt: at('09:00:00'), settings });
    await here.journal.sessionUpdated({ id, version: 3, settings: locked });
    await here.journal.sessionUpdated({ id, version: 2, settings });
    const expected = {
      id,
      roomName: 'one',
      startedAt: at('09:00:00'),
      endedAt: undefined,
      settings: locked,
      version: 3,
    };
    t.strictSame(await here.records.session(id), { ...expected, otherNode: undefined });
    t.strictSame(await there.records.latestSession('one'), { ...expected, otherNode: 'here' });
    const again = await (await start('here')).records.session(id);
    t.equal(again?.otherNode, 'here', 'nor is it of the next incarnation');
    t.equal(await here.records.session(randomUUID()), undefined);
    t.equal(await here.records.latestSession('never-seen'), undefined);
  });

  t.test('the latest session of a name, and lists in their order', async (t) => {
    const { journal, records } = await start('lists');
    const sessions = ['09:00:00', '11:00:00', '10:00:00', '11:00:00'].map((clock) => ({
      id: randomUUID(),
      roomName: 'again',
      startedAt: at(clock),
      settings,
    }));
    for (const session of sessions) await journal.sessionStarted(session);
    const [early, , middle] = sessions.map(({ id }) => id);
    const tie = [sessions[1], sessions[3]].map((session) => session?.id ?? '').sort();
    const order = [tie[1], tie[0], middle, early];
    t.equal((await records.latestSession('again'))?.id, order[0]);
    const list = (page: PageRequest) => records.sessions({ state: 'open', roomName: 'again' }, page);
    t.same(
      await pagesOf(1, list),
      order.map((id) => [id]),
    );
    t.same(await pagesOf(3, list), [order.slice(0, 3), order.slice(3)]);
    t.same(await pagesOf(4, list), [order], 'a page that is just full is the last');

    const sessionId = early ?? '';
    for (const clock of ['09:00:01', '09:00:02', '09:00:02']) {
      const someone = { sessionId, userId: 'u', displayName: 'U', hidden: false, joinedAt: at(clock) };
      await journal.participantJoined({ ...someone, id: randomUUID() });
    }
    const { items } = await records.participants(sessionId, 'present', first(10));
    t.same(
      items.map(({ joinedAt }) => joinedAt),
      [at('09:00:02'), at('09:00:02'), at('09:00:01')],
    );
    const [gone] = items;
    await journal.participantLeft({ id: gone?.id ?? '', leftAt: at('09:30:00'), reason: 'disconnected' });
    const left = { ...gone, leftAt: at('09:30:00'), leaveReason: 'disconnected' };
    t.strictSame(await records.participant(sessionId, gone?.id ?? ''), left);
    t.equal(
      await records.participant(middle ?? '', gone?.id ?? ''),
      undefined,
      'in another session they are not',
    );
    t.match((await records.participants(sessionId, 'left', first(10))).items, [left]);
    const counted = (await list(first(10))).items.map(({ participantCount }) => participantCount);
    t.same(counted, [0, 0, 0, 2]);
  });

  t.test('streams now and then; their times are not rounded', async (t) => {
    const { ledger, streamOf } = await testNode(pool);
    const streams = createStreamRecords(pool);
    const [video, tv] = [streamOf('viewer'), declaredOf('viewer')];
    await ledger.acquire(video);
    await ledger.acquire(tv);
    await ledger.release(video, 'publisher_stopped');
    const all = { from: undefined, to: undefined };
    t.match((await streams.history('viewer', all, first(10))).items, [
      { id: tv.id, origin: 'declared', label: 'a player', roomId: undefined, endedAt: undefined },
      { id: video.id, origin: 'sfu', roomName: 'tea', publisherName: 'Ada', endReason: 'publisher_stopped' },
    ]);
    const ids = await Promise.all(
      ['000001', '000002', '000003'].map(async (micros) => {
        const id = randomUUID();
        await pool.query(
          `INSERT INTO streams (id, user_id, origin, started_at) VALUES ($1, 'fast', 'declared', $2)`,
          [id, `2025-03-01T09:00:00.${micros}Z`],
        );
        return id;
      }),
    );
    t.same(
      await pagesOf(1, (page) => streams.history('fast', all, page)),
      ids.reverse().map((id) => [id]),
    );
    const period = { from: at('09:00:00'), to: at('09:00:00') };
    t.same((await streams.history('fast', period, first(10))).items, []);
  });

  t.test('a page is one statement', async (t) => {
    let statements = 0;
    const count = () => (statements += 1);
    pool.on('acquire', count);
    t.teardown(() => pool.off('acquire', count));
    const records = createCallRecords(pool, { nodeId: 'here', incarnation: randomUUID() });
    await records.sessions({ state: 'all', roomName: undefined }, first(2));
    t.equal(statements, 1);
    await records.participants(randomUUID(), 'all', first(2));
    t.equal(statements, 2);
    const streams = createStreamRecords(pool);
    await streams.history('fast', { from: undefined, to: undefined }, first(2));
    await streams.watchedIn(randomUUID());
    t.equal(statements, 4);
  });
});
