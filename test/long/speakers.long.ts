import t from '../support/tap.ts';
import { until } from '../support/browser.ts';
import { builtClient } from '../support/client.ts';
import { Meeting, passes, PLACES } from '../support/meeting.ts';
import { testServer } from '../support/server.ts';
import { counts } from '../support/watching.ts';

const clientDir = await builtClient();

const NAMES = ['Ada', 'Ben', 'Cleo', 'Dan', 'Eve', 'Fay'];
/** How long cross-talk goes on, in ms. */
const CROSS_TALK_MS = 6_000;

t.test('the three follow who speaks, do not flicker, and let pins and screens be', async (t) => {
  const server = await testServer(t, {}, { clientDir });
  const meeting = await Meeting.of(t, server.url, NAMES, 2);

  await t.test('one after another speaks', async (t) => {
    for (let turns = 0; turns < 4; turns += 1) {
      const [speaker = ''] = await meeting.unwatched();
      const at = await meeting.turn(t, speaker);
      if (speaker === 'Ben') t.same(await meeting.cameSince('Ben', at), [], 'nothing changes for who speaks');
    }
  });

  await t.test('a cough', (t) => meeting.cough(t));

  await t.test('three who are watched take quick turns', async (t) => {
    const watched = await meeting.three('Ada');
    const turns = Array.from({ length: 12 }, (_, index) => watched[index % watched.length] ?? '');
    const from = await meeting.takeTurns(turns, 500, 500);
    t.same(await meeting.cameSince('Ada', from), [], 'nothing changes');
  });

  await t.test('five speak at once', async (t) => {
    const from = Date.now();
    await Promise.all(NAMES.slice(1).map((name) => meeting.speak(name, CROSS_TALK_MS)));
    await passes(CROSS_TALK_MS);
    const came = await meeting.cameSince('Ada', from, from + CROSS_TALK_MS);
    t.comment(`swaps: ${came.length} (${came.join(', ')})`);
    t.ok(came.length <= 2, 'at most two swaps in six seconds');
  });

  await t.test('five interrupt each other', async (t) => {
    const apart = 600;
    const turns = Array.from(
      { length: CROSS_TALK_MS / apart },
      (_, index) => NAMES[1 + ((index * 2) % 5)] ?? '',
    );
    const from = await meeting.takeTurns(turns, 900, apart);
    const came = await meeting.cameSince('Ada', from, from + CROSS_TALK_MS);
    t.comment(`swaps: ${came.length} (${came.join(', ')})`);
    t.ok(came.length <= 2, 'at most two swaps in six seconds');
  });

  await t.test('who is pinned stays, whoever speaks', (t) => meeting.pin(t, 2));
  await t.test('a shared screen is seen at once and stays, whoever speaks', (t) => meeting.share(t, 2));
  await meeting.neverFour(t);
  const videos = PLACES * NAMES.length;
  const sounds = (NAMES.length - 1) * NAMES.length;
  await until(
    'all have three videos and as many sounds as others, and as many slots',
    () => counts(server),
    ({ slots, forwarded }) => slots === videos && forwarded === videos + sounds,
  );
});
