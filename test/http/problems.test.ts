import t from '../support/tap.ts';
import { errorCodes } from '../../server/protocol/errors.ts';
import { testServer } from '../support/server.ts';
import { tokenOf, tokenSettings } from '../support/tokens.ts';

const html = { accept: 'text/html,application/xhtml+xml;q=0.9,*/*;q=0.8' };

t.test('the `type` of every problem leads to a page about it', async (t) => {
  const { app } = await testServer(t, { GUESTS: 'off' });
  const problem = (await app.inject('/api/v1/validate')).json<{ type: string; code: string }>();
  t.equal(problem.code, 'unauthorized');
  t.equal((await app.inject(problem.type)).statusCode, 200);
  const list = await app.inject({ url: '/api/v1/problems', headers: html });
  for (const [code, { status, meaning }] of Object.entries(errorCodes)) {
    const url = `/api/v1/problems/${code}`;
    const page = await app.inject({ url, headers: html });
    t.equal(page.statusCode, 200, url);
    t.match(page.headers, { 'content-type': /^text\/html/, vary: /Accept/ });
    t.match(page.body, new RegExp(`${status}[^]*<code>${code}</code>[^]*What to do`));
    t.notMatch(page.body, /<style|<script|style=/, 'within the Content-Security-Policy');
    t.ok(list.body.includes(`href="${url}"`), 'it is in the list');
    const json = await app.inject(url);
    t.match(json.headers['content-type'], /^application\/json/);
    t.match(json.json(), { type: url, code, status, meaning, advice: String });
  }
  t.equal((await app.inject('/api/v1/problems')).json<unknown[]>().length, Object.keys(errorCodes).length);
  t.equal(
    (await app.inject('/api/v1/problems/style.css')).headers['content-type'],
    'text/css; charset=utf-8',
  );
  for (const code of ['nothing', '__proto__', 'toString', '%3Cscript%3E']) {
    const { statusCode, headers } = await app.inject({ url: `/api/v1/problems/${code}`, headers: html });
    t.equal(statusCode, 404, code);
    t.match(headers['content-type'], /^application\/problem\+json/);
  }
});

t.test('what cannot be read is a problem too', async (t) => {
  const { app } = await testServer(t);
  for (const [url, status] of [
    ['/api/v1/%zz', 400],
    ['/api/v1/users/%ff/streams', 400],
    ['/api/v1/nothing', 404],
    ['/api/v1/', 404],
  ] as const) {
    const answer = await app.inject(url);
    t.equal(answer.statusCode, status, url);
    t.match(answer.headers['content-type'], /^application\/problem\+json/);
    t.match(answer.json(), { status, code: String, type: /^\/api\/v1\/problems\// });
  }
  t.same((await app.inject('/api/startstream/%zz')).json(), {
    msg: 'user_id is invalid , needs to be a number',
  });
  const bodies = [
    ['application/json', '{', 400],
    ['application/json', '{"__proto__":{}}', 400],
    ['application/xml', '<a/>', 415],
    ['application/json', JSON.stringify({ label: 'x'.repeat(70_000) }), 413],
  ] as const;
  for (const [type, payload, status] of bodies) {
    const headers = { 'content-type': type };
    const answer = await app.inject({ url: '/api/v1/users/a/streams', method: 'POST', headers, payload });
    t.match(answer.json(), { status, code: 'bad_request' }, payload.slice(0, 20));
  }
});

t.test('what does not fit is told by its name, its value and what would fit', async (t) => {
  const { app } = await testServer(t, tokenSettings);
  const headers = { authorization: `Bearer ${await tokenOf('ada', { roomCreate: true, roomList: true })}` };
  const post = (path: string) => (payload: object) =>
    app.inject({ url: `/api/v1${path}`, method: 'POST', headers, payload });
  const [open, declare] = [post('/rooms'), post('/users/ada/streams')];
  const query = (text: string) => app.inject({ url: `/api/v1/rooms?${text}`, headers });
  const name = '1 to 64 letters, digits, `-` and `_`, beginning with a letter or digit.';
  for (const [answer, detail] of [
    [await open({ foo: 1 }), 'body has no property foo.'],
    [await open({ ['x'.repeat(70)]: 1 }), `body has no property ${'x'.repeat(40)}….`],
    [await open({ name: 'a b' }), `body.name "a b" does not fit: ${name}`],
    [await open({ name: '-'.repeat(70) }), `body.name "${'-'.repeat(40)}…" does not fit: ${name}`],
    [await open({ name: null }), 'body.name null must be string.'],
    [await open({ name: {} }), 'body.name must be string.'],
    [await open({ locked: 'yes' }), 'body.locked "yes" must be boolean.'],
    [await open({ emptyTtlMs: 999 }), 'body.emptyTtlMs 999 must be >= 1000.'],
    [await open([]), 'body must be object.'],
    [await declare({ onLimit: 'replace' }), 'body.onLimit "replace" must be one of reject, replace_oldest.'],
    [await query('state=shut'), 'querystring.state "shut" must be one of open, closed, all.'],
    [await query('limit=many'), 'querystring.limit "many" must be integer.'],
    [await query('sort=name'), 'querystring has no property sort.'],
  ] as const) {
    t.match(answer.json(), { status: 400, code: 'bad_request', detail });
  }
});

t.test('an empty body is none, whatever type it says to have', async (t) => {
  const { app } = await testServer(t);
  const headers = { 'content-type': 'application/json' };
  const mine = '/api/v1/users/a/streams';
  const started = await app.inject({ url: mine, method: 'POST', headers, payload: '' });
  t.equal(started.statusCode, 201);
  const location = String(started.headers.location);
  t.equal((await app.inject({ url: location, method: 'PUT', headers })).statusCode, 200);
  t.equal((await app.inject({ url: location, method: 'DELETE', headers, payload: '' })).statusCode, 204);
  const { statusCode } = await app.inject({ url: '/api/v1/revocations', method: 'POST', headers });
  t.equal(statusCode, 403, 'the grant is asked for first');
});

t.test('a path is the same however it is written: so is who may ask', async (t) => {
  const { app } = await testServer(t, tokenSettings);
  const bearer = (token: string) => ({ authorization: `Bearer ${token}` });
  const token = await tokenOf('ada', { roomJoin: true });
  for (const url of [
    '/api/v1/validate',
    '/%61pi/v1/validate',
    '/api/%761/validat%65',
    '/api/v1/validate?a=%61',
  ]) {
    t.equal((await app.inject({ url, headers: bearer('forged') })).statusCode, 401, url);
    t.match((await app.inject({ url, headers: bearer(token) })).json(), { userId: 'ada', guest: false });
    t.match((await app.inject(url)).json(), { guest: true });
  }
  const withToken = await app.inject(`/%61pi/v1/validate?access_token=${token}`);
  t.match(withToken.json(), { userId: 'ada' });
  const asset = await app.inject('/%61ssets/app-1a2b3c.js');
  t.equal(asset.statusCode, 200);
  t.same(asset.cookies, [], 'what shared caches may keep makes nobody a user');
});
