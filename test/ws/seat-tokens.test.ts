import fc from 'fast-check';
import t from '../support/tap.ts';
import { SeatTokens } from '../../server/ws/seat-tokens.ts';
import { Peer } from '../support/peer.ts';
import { testServer } from '../support/server.ts';
import { tokenOf, tokenSettings } from '../support/tokens.ts';

const SECRET = 'a secret of the tests';
const DAY = 86_400_000;

t.test('a seat token is good once, for its owner, for a day, after a restart too', (t) => {
  const owners = fc.record({ userId: fc.string(), roomName: fc.string() });
  fc.assert(
    fc.property(owners, owners, fc.integer({ min: -DAY, max: 2 * DAY }), (owner, other, age) => {
      let now = 1_800_000_000_000;
      const token = new SeatTokens(SECRET, () => now).make(owner);
      now += age;
      const next = new SeatTokens(SECRET, () => now);
      const isOther = owner.userId !== other.userId || owner.roomName !== other.roomName;
      if (isOther && next.redeem(token, other)) throw new Error('another one’s was taken');
      if (new SeatTokens('another secret', () => now).redeem(token, owner))
        throw new Error('a foreign one was taken');
      if (next.redeem(token, owner) !== (age >= 0 && age <= DAY)) throw new Error(`after ${age} ms`);
      if (next.redeem(token, owner)) throw new Error('it was taken twice');
    }),
  );
  t.end();
});

t.test('a seat token that was changed is none, whatever it is', (t) => {
  const owner = { userId: 'ada', roomName: 'tea' };
  const tokens = new SeatTokens(SECRET);
  fc.assert(fc.property(fc.string(), (text) => !tokens.redeem(text, owner)));
  const token = tokens.make(owner);
  t.ok(token.length <= 64, 'as long as an id may be');
  for (let at = 0; at < token.length; at += 1) {
    const changed = `${token.slice(0, at)}${token[at] === 'x' ? 'y' : 'x'}${token.slice(at + 1)}`;
    // The last letter of base64url has bits that mean nothing.
    if (at < token.length - 1) t.notOk(tokens.redeem(changed, owner));
  }
  t.ok(tokens.redeem(token, owner));
  t.end();
});

t.test('a hundred clients of one address are back after a restart: that is no join', async (t) => {
  const join = (room: string) => ({ room, displayName: 'Ada' });
  const people = await Promise.all(
    Array.from({ length: 100 }, async (_, n) => ({
      token: await tokenOf(`user-${n}`),
      room: `room-${n % 4}`,
    })),
  );
  const before = await testServer(t, tokenSettings);
  const seats = await Promise.all(
    people.map(async ({ token, room }) => {
      const peer = await Peer.connect(t, before.url, { token });
      return (await peer.request('join', join(room))).resumeToken;
    }),
  );

  const after = await testServer(t, { ...tokenSettings, JOINS_PER_MINUTE_PER_ADDRESS: '1' });
  const began = performance.now();
  const peers = await Promise.all(
    people.map(async ({ token, room }, n) => {
      const peer = await Peer.connect(t, after.url, { token });
      const resumeToken = seats[n] ?? '';
      t.match(await peer.raw('resume', { resumeToken }), { error: { code: 'not_found' } });
      await peer.request('join', { ...join(room), resumeToken });
      return peer;
    }),
  );
  t.comment(`all are back after ${Math.round(performance.now() - began)} ms`);
  t.equal(peers.length, 100);

  const again = async (n: number, resumeToken: string | undefined) => {
    const peer = await Peer.connect(t, after.url, { token: people[n]?.token ?? '' });
    return peer.raw('join', { ...join('room-0'), ...(resumeToken !== undefined && { resumeToken }) });
  };
  t.match(await again(0, undefined), { ok: true }, 'the one join that is left');
  t.match(await again(0, seats[0]), { error: { code: 'rate_limited' } }, 'a token counts once');
  t.match(await again(4, seats[0]), { error: { code: 'rate_limited' } }, 'for its owner');
  const [first] = peers;
  t.match(await again(0, seats[4]), { error: { code: 'rate_limited' } });
  t.equal(first?.socket.readyState, first?.socket.OPEN);
});
