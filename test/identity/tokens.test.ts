import { decodeJwt } from 'jose';
import t from '../support/tap.ts';
import { api, anyToken, refusedUpgrade, tokenOf, tokenSettings, validate } from '../support/tokens.ts';
import { Peer } from '../support/peer.ts';
import { testServer } from '../support/server.ts';

/** In seconds. */
const now = () => Math.floor(Date.now() / 1000);
const part = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64url');

/** A token that no library would make. */
const crafted = (header: object, signature = 'AAAA') =>
  `${part(header)}.${part({ sub: 'ada', exp: now() + 600 })}.${signature}`;

const withClaim = (claims: Record<string, unknown>) => () => anyToken(claims);
/** The same, of a time that is told in seconds from now. */
const withTime =
  (claim: string, fromNow: number, claims: Record<string, unknown> = {}) =>
  () =>
    anyToken({ [claim]: now() + fromNow, ...claims });

/** What is refused, and what the refusal says of it. */
const refusals: Record<string, [make: () => string | Promise<string>, says: RegExp]> = {
  'no token at all, but something': [() => 'hello', /no signed JSON Web Token/],
  'three parts of nothing': [() => 'a.b.c', /no signed JSON Web Token/],
  'an empty one': [() => '', /no signed JSON Web Token/],
  'one that is too long': [() => `${'a'.repeat(9000)}.b.c`, /longer than 8192/],
  'alg none': [() => crafted({ alg: 'none' }, ''), /algorithm is not accepted. Sign it with HS256/],
  'no alg': [() => crafted({ kid: api.key }), /no signed JSON Web Token/],
  'another HMAC': [() => anyToken({}, { alg: 'HS512' }, new Uint8Array(64)), /algorithm is not accepted/],
  'a public-key algorithm without JWKS_URL': [() => crafted({ alg: 'RS256' }), /algorithm is not accepted/],
  crit: [() => crafted({ alg: 'HS256', kid: api.key, crit: ['b64'], b64: true }), /has `crit`/],
  'an unknown kid': [() => anyToken({}, { kid: 'other' }), /`kid`, or else `iss`, must be the API_KEY/],
  'an unknown issuer': [() => anyToken({ iss: 'other' }, { kid: null }), /must be the API_KEY/],
  'a kid that is wrong and an iss that is right': [
    () => anyToken({ iss: api.key }, { kid: 'other' }),
    /must be the API_KEY/,
  ],
  'another secret': [() => anyToken({}, {}, new Uint8Array(32)), /signature is wrong/],
  'other claims under a good signature': [
    async () => {
      const [header, , signature] = (await tokenOf('ada')).split('.');
      return `${header ?? ''}.${part({ sub: 'ben', exp: now() + 600 })}.${signature ?? ''}`;
    },
    /signature is wrong/,
  ],
  expired: [withTime('exp', -60), /expired at \d{4}-.+Get a new one/],
  'expired long before there were clocks': [withClaim({ exp: -1e15 }), /expired at a time that no clock/],
  'not yet valid': [withTime('nbf', 60), /not valid before \d{4}-/],
  'made in the future': [withTime('iat', 60), /made in the future/],
  'valid for years': [withTime('exp', 401 * 86_400), /longer than 400 days/],
  'valid for years, and made who knows when': [
    withTime('exp', 401 * 86_400, { iat: undefined }),
    /longer than 400 days/,
  ],
  'valid for ever': [withClaim({ exp: undefined }), /claim `exp` is missing/],
  'exp that is no number': [withClaim({ exp: 'tomorrow' }), /claim `exp` is wrong/],
  'nobody’s': [withClaim({ sub: undefined }), /claim `sub` is missing/],
  'a sub that is no text': [withClaim({ sub: 7 }), /claim `sub` must be/],
  'an empty sub': [withClaim({ sub: '' }), /claim `sub` must be 1 to 128 characters/],
  'a sub that is too long': [withClaim({ sub: 'x'.repeat(129) }), /claim `sub` must be 1 to 128/],
  'a guest’s sub': [withClaim({ sub: 'guest:1' }), /not begin with `guest:`/],
  'a control character in sub': [withClaim({ sub: 'a\u0000b' }), /none of them a control character/],
  'half a character in sub': [withClaim({ sub: 'a\ud800' }), /claim `sub` must be/],
  'a name that nobody sees': [withClaim({ name: ' ' }), /claim `name` must be/],
  'an empty jti': [withClaim({ jti: '' }), /claim `jti`/],
  'grants that are none': [withClaim({ video: ['roomJoin'] }), /claim `video`/],
  'a grant that is no flag': [withClaim({ video: { roomJoin: 'yes' } }), /claim `video.roomJoin`/],
  'a room that cannot be': [withClaim({ video: { room: '../tea' } }), /claim `video.room`/],
  'an unknown source': [withClaim({ video: { canPublishSources: ['cam'] } }), /`video.canPublishSources.0`/],
  'sources that are none': [withClaim({ video: { canPublishSources: [] } }), /`video.canPublishSources`/],
  'more streams than can be': [withClaim({ video: { maxVideoStreams: 17 } }), /`video.maxVideoStreams`/],
  'fewer streams than none': [withClaim({ video: { maxVideoStreams: -1 } }), /`video.maxVideoStreams`/],
  'half a stream': [withClaim({ video: { maxVideoStreams: 1.5 } }), /`video.maxVideoStreams`/],
  'an unknown way at the limit': [withClaim({ video: { onLimit: 'grow' } }), /`video.onLimit`/],
};

t.test('a token that is not valid opens nothing, and the refusal says why', async (t) => {
  const { url } = await testServer(t, tokenSettings);
  for (const [what, [make, says]] of Object.entries(refusals)) {
    const token = await make();
    const upgrade = await refusedUpgrade(url, token);
    t.match(upgrade, { status: 401, body: { code: 'unauthorized', message: says } }, what);
    const answer = await validate(url, token);
    t.match(
      answer,
      {
        status: 401,
        type: 'application/problem+json',
        body: { type: '/api/v1/problems/unauthorized', title: 'Unauthorized', status: 401, detail: says },
      },
      what,
    );
    const told = JSON.stringify([upgrade, answer]);
    if (token.length > 10) t.notOk(told.includes(token), `${what}: the token is not repeated`);
    t.notOk(told.includes(api.secret), `${what}: nor is the secret`);
  }
});

t.test('a token is given once, and by either way', async (t) => {
  const { url } = await testServer(t, tokenSettings);
  const token = await tokenOf('ada');
  const both = await refusedUpgrade(url, token, { authorization: `Bearer ${token}` });
  t.match(both, { status: 401, body: { message: /more than one/ } });
  const twice = await fetch(`${url}/api/v1/validate?access_token=${token}&access_token=${token}`);
  t.equal(twice.status, 401);
  const inQuery = await fetch(`${url}/api/v1/validate?access_token=${token}`);
  t.match(await inQuery.json(), { userId: 'ada', guest: false });
  t.equal((await fetch(`${url}/?access_token=${token}x`)).status, 200, 'pages do not look at tokens');
});

t.test('a valid token says who one is and what one may do', async (t) => {
  const { url } = await testServer(t, tokenSettings);
  const grants = { roomJoin: true, room: 'tea', canPublishSources: ['camera'], maxVideoStreams: 2 } as const;
  const token = await anyToken({
    sub: 'ada',
    name: ' Ada ',
    video: { ...grants, agent: true },
    metadata: 'x',
  });
  const { status, body } = await validate(url, token);
  t.equal(status, 200);
  t.same(body.grants, {
    roomJoin: true,
    room: 'tea',
    canPublish: true,
    canSubscribe: true,
    canPublishData: true,
    canPublishSources: ['camera'],
    roomCreate: false,
    roomList: false,
    roomAdmin: false,
    hidden: false,
    maxVideoStreams: 2,
    onLimit: 'reject',
    statsRead: false,
    streamsWrite: false,
  });
  t.match(body, { userId: 'ada', displayName: 'Ada', guest: false });
  t.equal(body.expiresAt, (decodeJwt(token).exp ?? NaN) * 1_000 + 30_000, 'it ends after the leeway');

  const asked = Date.now();
  const peer = await Peer.connect(t, url, { token });
  t.equal(peer.hello.userId, 'ada');
  const toldAt = (body.expiresAt ?? NaN) - (peer.hello.expiresInMs ?? NaN);
  t.ok(asked <= toldAt && toldAt <= Date.now(), 'by either clock');
});

t.test('clocks may be half a minute apart; `iss` names the key as well as `kid`', async (t) => {
  const { url } = await testServer(t, tokenSettings);
  for (const claims of [
    () => ({ exp: now() - 15 }),
    () => ({ nbf: now() + 20 }),
    () => ({ iat: now() + 20 }),
    () => ({ iat: undefined }),
  ]) {
    t.match(await validate(url, await anyToken(claims())), { status: 200 }, JSON.stringify(claims()));
  }
  const livekit = await anyToken({ iss: api.key, nbf: 0, iat: undefined }, { kid: null });
  t.match(await validate(url, livekit), { status: 200 });
});

t.test('with TOKEN_AUDIENCE, tokens for others are refused', async (t) => {
  const { url } = await testServer(t, { ...tokenSettings, TOKEN_AUDIENCE: 'trivium' });
  for (const aud of [undefined, 'other', ['other'], [], 7]) {
    const token = await anyToken({ aud });
    const says = /`aud`/;
    t.match(await validate(url, token), { status: 401, body: { detail: says } }, JSON.stringify(aud));
    t.match(await refusedUpgrade(url, token), { status: 401, body: { message: says } });
  }
  for (const aud of ['trivium', ['other', 'trivium']]) {
    t.match(await validate(url, await anyToken({ aud })), { status: 200 });
  }
});

t.test('a server without keys takes no token, and says so', async (t) => {
  const { url } = await testServer(t);
  const says = /neither API_KEY nor JWKS_URL/;
  t.match(await validate(url, await anyToken()), { status: 401, body: { detail: says } });
  t.match(await validate(url), { status: 200, body: { guest: true } }, 'guests come in all the same');
});
