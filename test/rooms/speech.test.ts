import fc from 'fast-check';
import t from '../support/tap.ts';
import { Speech } from '../../server/rooms/speech.ts';
import { nextMove, type Candidate } from '../../server/streams/automatic/ranking.ts';

const voice = (participantId: string) => ({ participantId, level: 0.8 });

t.test('who leads, and since when', (t) => {
  const speech = new Speech();
  t.equal(speech.spokeAt('ada'), -Infinity);
  speech.lead('ada', 1_000);
  speech.hear([voice('ada'), voice('ben')], 1_300);
  t.equal(speech.spokeAt('ada'), 1_300, 'who leads goes on speaking as long as they are heard');
  t.equal(speech.spokeAt('ben'), -Infinity, 'being heard beside is not enough');
  t.equal(speech.heardAt('ben'), 1_300);
  t.equal(speech.leadsFor('ada', 2_000), 1_000);
  speech.lead('ben', 2_000);
  speech.hear([voice('ada')], 2_300);
  t.equal(speech.spokeAt('ada'), 1_300);
  t.equal(speech.leadsFor('ada', 2_300), 0);
  speech.forget('ben');
  t.equal(speech.leadsFor('ben', 2_300), 0);
  t.equal(speech.spokeAt('ben'), -Infinity);
  t.end();
});

t.test('who is heard alone for a while leads; a cough or a noise does not', (t) => {
  const speech = new Speech();
  speech.lead('ada', 0);
  for (const now of [300, 600]) speech.hear([voice('ben')], now);
  speech.hear([], 900);
  for (const now of [1_200, 1_500]) speech.hear([voice('ben')], now);
  t.equal(speech.leadsFor('ben', 1_500), 0, 'a cough');
  for (let now = 1_800; now < 6_000; now += 300) speech.hear([{ participantId: 'fan', level: 0.5 }], now);
  t.equal(speech.leadsFor('fan', 6_000), 0, 'a noise');
  for (const now of [6_000, 6_300, 6_600]) speech.hear([voice('cleo'), voice('dan')], now);
  t.equal(speech.leadsFor('cleo', 6_600), 0, 'one of two');
  for (const now of [7_000, 7_300, 7_600]) speech.hear([voice('ben')], now);
  t.equal(speech.leadsFor('ben', 8_000), 400);
  t.end();
});

interface Voice extends Candidate {
  name: string;
}

/** Plays a conversation: who leads it in each tenth of a second. @returns when whose video was exchanged for whose. */
function watchConversation(names: string[], leads: string[], slots = 3): { at: number; to: string }[] {
  const speech = new Speech();
  const watched = new Set(names.slice(0, slots));
  const swaps: { at: number; to: string }[] = [];
  leads.forEach((leader, index) => {
    const now = 60_000 + index * 100;
    if (leads[index - 1] !== leader) speech.lead(leader, now);
    if (index % 3 === 0) speech.hear([voice(leader)], now);
    const voices = names.map((name): Voice => ({
      name,
      watched: watched.has(name),
      pinned: false,
      screen: false,
      started: true,
      muted: false,
      spokeAt: speech.spokeAt(name),
      heardAt: speech.heardAt(name),
      leadsFor: speech.leadsFor(name, now),
    }));
    const move = nextMove(voices, 0, now);
    if (!move?.inPlaceOf) return;
    watched.delete(move.inPlaceOf.name);
    watched.add(move.watch.name);
    swaps.push({ at: index * 100, to: move.watch.name });
  });
  return swaps;
}

const people = ['ada', 'ben', 'cleo', 'dan', 'eve', 'fay'];
const turns = (names: string[], ms: number) =>
  names.flatMap((name) => Array.from({ length: ms / 100 }, () => name));

t.test('one after another speaks: each is seen at once', (t) => {
  const swaps = watchConversation(people, turns(['dan', 'eve', 'fay', 'ada', 'ben', 'cleo'], 3_000));
  t.same(
    swaps.map(({ at, to }) => [at, to]),
    [
      [0, 'dan'],
      [3_000, 'eve'],
      [6_000, 'fay'],
      [9_000, 'ada'],
      [12_000, 'ben'],
      [15_000, 'cleo'],
    ],
  );
  t.end();
});

t.test('quick turns of those who are watched change nothing', (t) => {
  const quick = turns(
    Array.from({ length: 60 }, (_, index) => people[index % 3] ?? ''),
    500,
  );
  t.same(watchConversation(people, quick), []);
  t.end();
});

t.test('four in cross-talk do not make the pictures flicker, in whatever order they come', (t) => {
  const round = fc.record({
    order: fc.shuffledSubarray([0, 1, 2, 3], { minLength: 4 }),
    tenths: fc.integer({ min: 3, max: 4 }),
  });
  fc.assert(
    fc.property(fc.array(round, { minLength: 10, maxLength: 30 }), (rounds) => {
      const leads = rounds.flatMap(({ order, tenths }) =>
        order.flatMap((who) => Array.from({ length: tenths }, () => people[who] ?? '')),
      );
      const firstRound = 4 * (rounds[0]?.tenths ?? 0) * 100;
      // From then on each was heard within the last three seconds.
      return watchConversation(people, leads).every(({ at }) => at < firstRound);
    }),
    { numRuns: 500, seed: 6 },
  );
  t.pass('once each has spoken, nothing changes');
  t.end();
});
