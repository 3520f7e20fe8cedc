import { once } from 'node:events';
import fc from 'fast-check';
import t, { type Test } from '../support/tap.ts';
import { RoomShares, type Occupancy } from '../../server/rooms/room-shares.ts';
import { Peer } from '../support/peer.ts';
import { testServer } from '../support/server.ts';
import { TestClock } from '../support/test-clock.ts';
import { tokenOf, tokenSettings } from '../support/tokens.ts';

const MINUTE = 60_000;

/** A proxy that TRUST_PROXY does not name: for those behind it no bound by address holds. */
const proxied = { forwardedFor: '192.0.2.1' };

/** A server of three rooms, each with a guest, and a user who comes too late. */
async function fullServer(t: Test, as: { forwardedFor?: string }, settings: Record<string, string> = {}) {
  const clock = new TestClock();
  const server = await testServer(t, { ...tokenSettings, MAX_ROOMS: '3', ...settings }, { clock });
  const peers = {
    a: await Peer.inRoom(t, server.url, 'a', as),
    b: await Peer.inRoom(t, server.url, 'b', as),
    c: await Peer.inRoom(t, server.url, 'c', as),
  };
  const late = await Peer.connect(t, server.url, { token: await tokenOf('late') });
  const join = (room: string) => late.raw('join', { room, displayName: 'Ada' });
  const open = () => [...server.rooms.rooms].map(({ name }) => name).sort();
  return { ...server, ...peers, clock, late, join, open };
}

const isFull = {
  ok: false,
  error: {
    code: 'server_full',
    message:
      'The server has no place for another room, and those that are open are in use (3 of 3). Try again later.',
    limit: 3,
    current: 3,
  },
};

t.test('a full server closes the room that is idle longest of an address above its bound', async (t) => {
  const server = await fullServer(t, proxied, { GUEST_ROOMS_PER_ADDRESS: '1' });
  const { a, b, c, clock, join, open } = server;
  t.match(await join('late'), isFull, 'all have just joined');
  clock.advance(MINUTE - 10_000);
  await b.request('restartIce', { transportId: b.recv.id });
  clock.advance(5_000);
  await a.request('restartIce', { transportId: a.recv.id });
  clock.advance(5_000);
  const closed = once(c.socket, 'close');
  t.match(await join('late'), { ok: true });
  t.same(open(), ['a', 'b', 'late']);
  t.same(await c.next('roomClosed'), { reason: 'room_closed' });
  t.match(await closed, [4010]);

  clock.advance(MINUTE - 5_000);
  await server.late.request('leave', {});
  t.match(await join('later'), { ok: true }, 'an empty one goes first');
  t.same(open(), ['a', 'b', 'later']);
  const last = await Peer.connect(t, server.url, { token: await tokenOf('last') });
  t.match(await last.raw('join', { room: 'last', displayName: 'Ada' }), { ok: true });
  t.same(open(), ['a', 'last', 'later'], 'then the one that is idle longest');
  clock.advance(MINUTE);
  await last.request('leave', {});
  t.match(await last.raw('join', { room: 'again', displayName: 'Ada' }), { ok: true });
  const one = await Peer.connect(t, server.url, { token: await tokenOf('one') });
  t.match(await one.raw('join', { room: 'x', displayName: 'Ada' }), isFull, 'one room is within the bound');
});

t.test('pings are no requests', async (t) => {
  const { clock, join, c } = await fullServer(t, proxied, {
    GUEST_ROOMS_PER_ADDRESS: '1',
    PING_INTERVAL_MS: '20',
  });
  clock.advance(MINUTE);
  await once(c.socket, 'ping');
  t.match(await join('late'), { ok: true });
});

t.test('a full server closes no room of an address within its bound, however idle', async (t) => {
  for (const [as, settings] of [
    [{}, { GUEST_ROOMS_PER_ADDRESS: '3' }],
    [proxied, { GUEST_ROOMS_PER_ADDRESS: '3' }],
    [proxied, { GUEST_ROOMS_PER_ADDRESS: '3', TRUST_PROXY: '127.0.0.1' }],
  ] as const) {
    const { clock, join, open } = await fullServer(t, as, settings);
    clock.advance(5 * MINUTE);
    t.match(await join('late'), isFull);
    t.same(open(), ['a', 'b', 'c']);
  }
});

interface Modelled extends Occupancy {
  opener: string | undefined;
  requestedAt: number | undefined;
}

t.test('whatever happened, only what may be closed is', (t) => {
  const LIMIT = 2;
  const room = fc.record({
    opener: fc.constantFrom('one', 'other', undefined),
    people: fc.nat({ max: 2 }),
    locked: fc.boolean(),
    idle: fc.option(fc.constantFrom(0, 1, MINUTE - 1, MINUTE, MINUTE + 1, 5 * MINUTE), { nil: undefined }),
  });
  fc.assert(
    fc.property(fc.array(room, { maxLength: 8 }), (described) => {
      let now = 0;
      const shares = new RoomShares<Modelled>(LIMIT, () => now);
      const rooms = described.map(({ opener, people, locked, idle }, index): Modelled => ({
        name: `room-${index}`,
        opener,
        participants: { size: people },
        settings: { locked, maxParticipants: undefined, emptyTtl: 1 },
        // Who is in a room has joined it.
        requestedAt: idle === undefined && people === 0 ? undefined : 10 * MINUTE - (idle ?? 0),
      }));
      for (const one of rooms) {
        shares.note(one.name, one.opener === undefined ? undefined : { key: one.opener, bounded: false });
        if (one.requestedAt === undefined) continue;
        now = one.requestedAt;
        shares.noteRequest(one);
      }
      now = 10 * MINUTE;
      const openedBy = (opener: string | undefined) => rooms.filter((one) => one.opener === opener).length;
      const isEmpty = ({ participants, settings }: Modelled) => participants.size === 0 && !settings.locked;
      const mayClose = (one: Modelled) =>
        !one.settings.locked &&
        one.opener !== undefined &&
        openedBy(one.opener) > LIMIT &&
        now - (one.requestedAt ?? now) >= MINUTE;
      const next = shares.nextToClose(rooms);
      const candidates = rooms.some(isEmpty) ? rooms.filter(isEmpty) : rooms.filter(mayClose);
      if (candidates.length === 0) return next === undefined;
      const longest = Math.min(...candidates.map(({ requestedAt }) => requestedAt ?? Infinity));
      return next !== undefined && candidates.includes(next) && (next.requestedAt ?? Infinity) === longest;
    }),
  );
  t.pass('and if one may be, one is');
  t.end();
});
