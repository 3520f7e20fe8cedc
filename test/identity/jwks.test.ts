import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { exportJWK, exportSPKI, generateKeyPair, type JWK } from 'jose';
import t, { type Test } from '../support/tap.ts';
import { Peer } from '../support/peer.ts';
import { testServer } from '../support/server.ts';
import { anyToken, refusedUpgrade, tokenOf, tokenSettings, validate } from '../support/tokens.ts';

const rsa = await generateKeyPair('RS256', { extractable: true });
const edwards = await generateKeyPair('EdDSA', { crv: 'Ed25519', extractable: true });
const stranger = await generateKeyPair('RS256');
const keys: JWK[] = [
  { ...(await exportJWK(rsa.publicKey)), kid: 'rsa' },
  { ...(await exportJWK(edwards.publicKey)), kid: 'edwards', use: 'sig' },
];

/** Publishes keys as an identity provider does. @returns its address, and the way to break it. */
async function provider(t: Test): Promise<{ JWKS_URL: string; answer: { status: number } }> {
  const answer = { status: 200 };
  const server = createServer((_request, response) => {
    response.writeHead(answer.status, { 'content-type': 'application/json' }).end(JSON.stringify({ keys }));
  });
  t.teardown(() => server.close());
  await once(server.listen(0, '127.0.0.1'), 'listening');
  return { JWKS_URL: `http://127.0.0.1:${(server.address() as AddressInfo).port}/jwks.json`, answer };
}

t.test('tokens are checked by published keys, RS256 and EdDSA', async (t) => {
  const { JWKS_URL } = await provider(t);
  const { url } = await testServer(t, { JWKS_URL });
  const byRsa = await anyToken({ sub: 'ada' }, { alg: 'RS256', kid: 'rsa' }, rsa.privateKey);
  const byEdwards = await anyToken({ sub: 'ben' }, { alg: 'EdDSA', kid: 'edwards' }, edwards.privateKey);
  t.match(await validate(url, byRsa), { status: 200, body: { userId: 'ada' } });
  t.equal((await Peer.connect(t, url, { token: byEdwards })).hello.userId, 'ben');
  const unnamed = await anyToken({}, { alg: 'EdDSA', kid: null }, edwards.privateKey);
  t.match(await validate(url, unnamed), { status: 200 }, 'one key alone fits the algorithm');
});

t.test('a key is used for its own algorithm alone', async (t) => {
  const { JWKS_URL } = await provider(t);
  const pem = new TextEncoder().encode(await exportSPKI(rsa.publicKey));
  const jwk = new TextEncoder().encode(JSON.stringify(keys[0]));
  for (const settings of [{ JWKS_URL }, { JWKS_URL, ...tokenSettings }]) {
    const { url } = await testServer(t, settings);
    for (const [what, token] of Object.entries({
      'HMAC with the public key, as PEM': await anyToken({}, { kid: 'rsa' }, pem),
      'HMAC with the public key, as JWK': await anyToken({}, { kid: 'rsa' }, jwk),
      'a known name, another key': await anyToken({}, { alg: 'RS256', kid: 'rsa' }, stranger.privateKey),
      'an unknown name': await anyToken({}, { alg: 'RS256', kid: 'other' }, rsa.privateKey),
      'the name of a key of another kind': await anyToken(
        {},
        { alg: 'RS256', kid: 'edwards' },
        rsa.privateKey,
      ),
      'another algorithm of the same key': await anyToken(
        {},
        { alg: 'RS512', kid: 'rsa' },
        (await generateKeyPair('RS512')).privateKey,
      ),
    })) {
      t.match(await validate(url, token), { status: 401, body: { code: 'unauthorized' } }, what);
      t.match(await refusedUpgrade(url, token), { status: 401, body: { code: 'unauthorized' } }, what);
    }
  }
});

t.test('while the keys cannot be fetched, tokens that need them are told to try again', async (t) => {
  const { JWKS_URL, answer } = await provider(t);
  const { url } = await testServer(t, { JWKS_URL, ...tokenSettings });
  const token = await anyToken({}, { alg: 'RS256', kid: 'rsa' }, rsa.privateKey);
  answer.status = 500;
  t.match(await validate(url, token), { status: 503, body: { code: 'unavailable' } });
  t.match(await refusedUpgrade(url, token), { status: 503, body: { code: 'unavailable' } });
  t.match(await validate(url, await tokenOf('ada')), { status: 200 }, 'the secret needs nobody');
  answer.status = 200;
  t.match(await validate(url, token), { status: 200 });
});
