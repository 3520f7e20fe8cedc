import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import type { Browser } from 'playwright-core';
import t, { type Test } from '../support/tap.ts';
import { newPerson, testBrowser } from '../support/browser.ts';
import { productPage } from '../support/product-page.ts';
import { testServer } from '../support/server.ts';
import { tokenSettings } from '../support/tokens.ts';

/** Serves a page that embeds the SDK on a port of its own. @returns the port. */
async function otherServer(t: Test, folder: string): Promise<number> {
  const server = createServer((request, answer) => {
    const { pathname } = new URL(request.url ?? '/', 'http://localhost');
    readFile(join(folder, pathname === '/' ? 'index.html' : pathname)).then(
      (content) =>
        answer
          .setHeader('content-type', pathname.endsWith('.js') ? 'text/javascript' : 'text/html')
          .end(content),
      () => answer.writeHead(404).end(),
    );
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.teardown(() => server.close());
  return (server.address() as AddressInfo).port;
}

/** Joins a room of a server with the SDK on a page of another one. @returns the state, or why it is refused. */
async function joinFrom(browser: Browser, pageUrl: string, serverUrl: string): Promise<string[]> {
  const { page } = await newPerson(browser);
  await page.goto(pageUrl);
  await page.waitForFunction(() => 'sdk' in window);
  return page.evaluate(
    async (url) => {
      try {
        window.room = await window.sdk.Room.join({ url, room: 'tea', displayName: 'Ada' });
        return [window.room.state];
      } catch (error) {
        return error instanceof window.sdk.SignallingError ? [error.code, error.message] : [String(error)];
      }
    },
    `${serverUrl.replace('http', 'ws')}/ws`,
  );
}

t.test('the SDK on a page of another port or host joins, or tells why it cannot', async (t) => {
  const folder = await productPage();
  const port = await otherServer(t, folder);
  const browser = await testBrowser(t, { more: ['--host-resolver-rules=MAP *.example 127.0.0.1'] });
  const [local, evil] = [`http://localhost:${port}`, `http://evil.example:${port}`];
  const { url } = await testServer(t);

  for (const server of [url, url.replace('127.0.0.1', 'localhost')]) {
    t.same(await joinFrom(browser, local, server), ['connected'], `${local} at ${server}`);
  }
  const refused = (origin: string) => [
    'origin_not_allowed',
    `A page of the origin ${origin} may not use this server. Add that origin to ALLOWED_ORIGINS if it should.`,
  ];
  t.same(await joinFrom(browser, evil, url), refused(evil));
  const production = await testServer(t, { ...tokenSettings, NODE_ENV: 'production', GUESTS: 'on' });
  t.same(await joinFrom(browser, local, production.url), refused(local));
  const allowing = await testServer(t, { ALLOWED_ORIGINS: evil });
  t.same(await joinFrom(browser, evil, allowing.url), ['connected']);

  const rebound = url.replace('127.0.0.1', 'rebound.example');
  const [code, message] = await joinFrom(browser, evil, rebound);
  t.equal(code, 'unknown_host');
  t.match(message, /^"rebound\.example:\d+" is not a known host name.*PUBLIC_URL/);
});

t.test('a foreign page starts no stream, by whatever kind of request', async (t) => {
  const folder = await productPage();
  const evil = `http://evil.example:${await otherServer(t, folder)}`;
  const browser = await testBrowser(t, { more: ['--host-resolver-rules=MAP *.example 127.0.0.1'] });
  const server = await testServer(t);
  const { page } = await newPerson(browser);
  await page.goto(evil);
  await page.evaluate(async (url) => {
    const start = `${url}/api/startstream/7`;
    const image = new Image();
    const loaded = new Promise((resolve) => image.addEventListener('error', resolve));
    image.src = start;
    await loaded;
    // They are sent, and the page may not have the answers.
    await Promise.allSettled([
      fetch(start, { mode: 'no-cors', credentials: 'include' }),
      fetch(`${url}/api/v1/rooms`, { method: 'POST', mode: 'no-cors' }),
      fetch(`${url}/api/room`, { method: 'POST', mode: 'no-cors', body: '{}' }),
    ]);
    const frame = document.createElement('iframe');
    const shown = new Promise((resolve) => frame.addEventListener('load', resolve));
    frame.src = start;
    document.body.append(frame);
    await shown;
  }, server.url);
  await page.goto(`${server.url}/api/startstream/8`);
  const { rows } = await server.database.pool.query<{ user_id: string }>(
    "SELECT user_id FROM streams WHERE user_id IN ('7', '8')",
  );
  t.same(rows, [{ user_id: '8' }], 'only what somebody opens');
  t.equal(server.rooms.rooms.size, 0);
});
