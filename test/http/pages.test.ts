import t from '../support/tap.ts';
import { stoppableDatabase } from '../support/postgres.ts';
import { testServer } from '../support/server.ts';
import { TestClock } from '../support/test-clock.ts';

t.test('the lobby and every room are the app’s page', async (t) => {
  const { app } = await testServer(t);
  for (const path of ['/', '/r/tea', '/r/tea?x=1']) {
    const answer = await app.inject(path);
    t.equal(answer.statusCode, 200);
    t.match(answer.headers['content-type'], /text\/html/);
    t.equal(answer.headers['cache-control'], 'no-cache');
  }
  const asset = await app.inject('/assets/app-1a2b3c.js');
  t.match(asset.headers['cache-control'], /immutable/);
  t.same(asset.cookies, [], 'what shared caches may keep makes nobody a user');
  t.equal((await app.inject('/nowhere')).statusCode, 404);
  t.equal((await app.inject('/../package.json')).statusCode, 404);
});

t.test('a new browser gets a cookie that scripts cannot read, and keeps it', async (t) => {
  const { app } = await testServer(t);
  const [cookie] = (await app.inject('/')).cookies as {
    name: string;
    value: string;
    httpOnly?: boolean;
    sameSite?: string;
  }[];
  t.match(cookie, { name: 'trivium_guest', httpOnly: true, sameSite: 'Lax' });
  const again = await app.inject({ url: '/', cookies: { trivium_guest: cookie?.value ?? '' } });
  t.same(again.cookies, [], 'who has one keeps it');
});

t.test('healthz says alive, readyz what is there', async (t) => {
  const database = await stoppableDatabase(t);
  const clock = new TestClock();
  const { app, workers } = await testServer(t, {}, { database, clock, faults: true });
  t.match((await app.inject('/healthz')).json(), { status: 'alive' });
  const ready = await app.inject('/readyz');
  t.equal(ready.statusCode, 200);
  t.same(ready.json(), { status: 'ready', workers: true, database: true, open: true });

  await database.stop();
  clock.advance(1_000);
  const without = await app.inject('/readyz');
  t.equal(without.statusCode, 503);
  t.same(without.json(), { status: 'not ready', workers: true, database: false, open: true });
  await workers.close();
  t.match((await app.inject('/readyz')).json(), { workers: false });
  t.equal((await app.inject('/healthz')).statusCode, 200, 'it is alive all the same');
});
