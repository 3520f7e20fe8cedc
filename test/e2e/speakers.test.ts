// Demanding: see test/support/schedule.ts.
import t from '../support/tap.ts';
import { until } from '../support/browser.ts';
import { builtClient } from '../support/client.ts';
import { Meeting, PLACES } from '../support/meeting.ts';
import { testServer } from '../support/server.ts';
import { counts } from '../support/watching.ts';

const clientDir = await builtClient();

/** One more than Ada sees. With more people, and cross-talk: test/long/speakers.long.ts. */
const NAMES = ['Ada', 'Ben', 'Cleo', 'Dan', 'Eve'];

t.test('the three follow who speaks, and let pins and screens be', async (t) => {
  const server = await testServer(t, {}, { clientDir });
  const meeting = await Meeting.of(t, server.url, NAMES, 1);
  await t.test('somebody speaks', async (t) => {
    const [speaker = ''] = await meeting.unwatched();
    await meeting.turn(t, speaker);
  });
  await t.test('a cough', (t) => meeting.cough(t));
  await t.test('who is pinned stays, whoever speaks', (t) => meeting.pin(t, 1));
  await t.test('a shared screen is seen at once and stays, whoever speaks', (t) => meeting.share(t, 1));
  await meeting.neverFour(t);
  const videos = PLACES * NAMES.length;
  const sounds = (NAMES.length - 1) * NAMES.length;
  await until(
    'all have three videos and as many sounds as others, and as many slots',
    () => counts(server),
    ({ slots, forwarded }) => slots === videos && forwarded === videos + sounds,
  );
});
