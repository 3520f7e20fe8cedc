import t from '../support/tap.ts';
import { framesShown, joinRoom, newPerson, testBrowser, tile, until } from '../support/browser.ts';
import { builtClient } from '../support/client.ts';
import { laptop } from '../support/laptop.ts';
import { testServer } from '../support/server.ts';
import { counts } from '../support/watching.ts';

const clientDir = await builtClient();

t.test('who sleeps for longer than the place is kept is back when the laptop wakes', async (t) => {
  const server = await testServer(
    t,
    { RESUME_GRACE_MS: '500', PING_INTERVAL_MS: '500', PING_TIMEOUT_MS: '2000' },
    { clientDir },
  );
  const hers = await laptop(t);
  const { page: ada } = await newPerson(hers.browser);
  const { page: ben } = await newPerson(await testBrowser(t));
  await joinRoom(ben, server.url, 'tea', 'Ben');
  await joinRoom(ada, server.url, 'tea', 'Ada');
  const seen = () =>
    until(
      'Ada is seen',
      () => framesShown(ben, 'Ada'),
      (frames) => frames > 5,
      40_000,
    );
  await seen();
  hers.sleep();
  await tile(ben, 'Ada').waitFor({ state: 'detached' });
  hers.wake();
  await tile(ben, 'Ada').waitFor();
  await seen();
  t.equal(await tile(ben, 'Ada').count(), 1);
  await until(
    'each sees and hears the other',
    () => counts(server),
    ({ slots, forwarded }) => slots === 2 && forwarded === 4,
  );
  t.pass('nothing has leaked');
});
