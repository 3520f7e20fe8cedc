import fc from 'fast-check';
import t from '../support/tap.ts';
import { nextMove, weakest, type Candidate } from '../../server/streams/automatic/ranking.ts';

interface Person extends Candidate {
  name: string;
}

const person = (name: string, more: Partial<Candidate> = {}): Person => ({
  name,
  watched: false,
  pinned: false,
  screen: false,
  started: true,
  muted: false,
  spokeAt: -Infinity,
  heardAt: -Infinity,
  leadsFor: 0,
  ...more,
});

/** Makes moves until none is left. @returns how many, and the slots that are free after them. */
function settle(people: Person[], free: number, now: number): { moves: number; free: number } {
  let moves = 0;
  for (;;) {
    const move = nextMove(people, free, now);
    if (!move) return { moves, free };
    moves += 1;
    if (moves > 100) throw new Error('it never settles');
    move.watch.watched = true;
    if (move.inPlaceOf) move.inPlaceOf.watched = false;
    else free -= 1;
  }
}

const watched = (people: Person[]) => people.filter((one) => one.watched).map(({ name }) => name);

t.test('free slots are filled: pinned, then screens, then who spoke last, then who came first', (t) => {
  const people = [
    person('first'),
    person('second'),
    person('spoke long ago', { spokeAt: 1_000 }),
    person('spoke just now', { spokeAt: 9_000 }),
    person('screen', { screen: true }),
    person('muted', { muted: true, spokeAt: 9_500 }),
    person('pinned', { pinned: true }),
  ];
  const order: string[] = [];
  for (let move = nextMove(people, 1, 10_000); move; move = nextMove(people, 1, 10_000)) {
    order.push(move.watch.name);
    move.watch.watched = true;
  }
  t.same(order, ['pinned', 'screen', 'spoke just now', 'spoke long ago', 'first', 'second']);
  t.end();
});

t.test('with every slot held', (t) => {
  const three = () => [
    person('a', { watched: true, spokeAt: 1_000 }),
    person('b', { watched: true, spokeAt: 2_000 }),
    person('c', { watched: true, spokeAt: 3_000 }),
  ];
  const names = (people: Person[], now: number) => {
    const move = nextMove(people, 0, now);
    return move && [move.watch.name, move.inPlaceOf?.name];
  };
  t.test('who speaks takes the place of who has been silent longest', (t) => {
    t.same(names([...three(), person('d', { spokeAt: 10_000 })], 10_000), ['d', 'a']);
    t.end();
  });
  t.test('who never spoke displaces nobody', (t) => {
    t.equal(names([...three(), person('d')], 10_000), undefined);
    t.end();
  });
  t.test('in cross-talk those who are watched stay, but for one who leads it for long', (t) => {
    const talking = three().map((one) => ({ ...one, spokeAt: 9_000 + one.spokeAt / 10 }));
    t.equal(names([...talking, person('d', { spokeAt: 10_000, leadsFor: 1_000 })], 10_000), undefined);
    t.same(names([...talking, person('d', { spokeAt: 10_000, leadsFor: 2_000 })], 10_000), ['d', 'a']);
    t.end();
  });
  t.test('who is heard beside is not taken for silent', (t) => {
    const heard = three().map((one) => ({ ...one, heardAt: 9_000 }));
    t.equal(names([...heard, person('d', { spokeAt: 10_000, leadsFor: 1_000 })], 10_000), undefined);
    t.same(names([...heard, person('d', { spokeAt: 10_000, leadsFor: 2_000 })], 10_000), ['d', 'a']);
    t.end();
  });
  t.test('the fewer cameras are shown, the sooner one makes way', (t) => {
    const pinned = three().map((one) => ({ ...one, pinned: one.name !== 'c', spokeAt: 9_000 }));
    t.same(names([...pinned, person('d', { spokeAt: 10_000 })], 10_000), ['d', 'c']);
    t.equal(names([...pinned, person('d', { spokeAt: 9_900, leadsFor: 900 })], 9_900), undefined);
    t.end();
  });
  t.test('a screen and a pin come at once, whoever speaks', (t) => {
    const talking = three().map((one) => ({ ...one, spokeAt: 10_000 }));
    t.same(names([...talking, person('d', { screen: true })], 10_000), ['d', 'c']);
    t.same(names([...talking, person('d', { pinned: true })], 10_000), ['d', 'c']);
    t.end();
  });
  t.test('what is still being started displaces nothing', (t) => {
    t.equal(names([...three(), person('d', { pinned: true, started: false })], 10_000), undefined);
    t.end();
  });
  t.test('one screen does not displace another', (t) => {
    const screens = three().map((one) => ({ ...one, screen: true }));
    t.equal(names([...screens, person('d', { screen: true, spokeAt: 10_000 })], 10_000), undefined);
    t.end();
  });
  t.test('one that is muted is given up first', (t) => {
    const people = three().map((one) => (one.name === 'c' ? { ...one, muted: true } : one));
    t.same(names([...people, person('d')], 10_000), ['d', 'c']);
    t.end();
  });
  t.test('where all are pinned, nothing makes way', (t) => {
    const pinned = three().map((one) => ({ ...one, pinned: true }));
    t.equal(names([...pinned, person('d', { pinned: true })], 10_000), undefined);
    t.equal(weakest(pinned), undefined);
    t.end();
  });
  t.end();
});

t.test('properties', (t) => {
  const time = fc.oneof(fc.constant(-Infinity), fc.integer({ min: 0, max: 10_000 }));
  const candidate = fc.record({
    watched: fc.boolean(),
    pinned: fc.boolean(),
    screen: fc.boolean(),
    started: fc.boolean(),
    muted: fc.boolean(),
    spokeAt: time,
    heardAt: time,
    leadsFor: fc.integer({ min: 0, max: 10_000 }),
  });
  fc.assert(
    fc.property(fc.array(candidate, { maxLength: 12 }), fc.nat({ max: 3 }), (candidates, free) => {
      const people = candidates.map((one, index) => person(String(index), one));
      const pinnedBefore = people.filter((one) => one.watched && one.pinned);
      const count = watched(people).length;
      const end = settle(people, free, 10_000);
      const counted = watched(people).length + end.free === count + free;
      const kept = pinnedBefore.every((one) => one.watched);
      const filled = end.free === 0 || people.every((one) => one.watched || one.muted);
      const waiting = people.filter((one) => !one.watched && !one.muted && one.started);
      const rightful = waiting.every((one) =>
        people
          .filter((other) => other.watched && !other.pinned)
          .every((other) => !one.pinned && (!one.screen || other.screen) && !other.muted),
      );
      return counted && kept && filled && rightful;
    }),
    { numRuns: 3_000, seed: 6 },
  );
  t.pass('slots are never more, pins stay, free ones are filled, the better ones are watched');
  t.end();
});
