import { randomUUID } from 'node:crypto';
import t, { type Test } from '../support/tap.ts';
import type { Method } from '../../server/protocol/methods.ts';
import { Peer, type JoinedPeer } from '../support/peer.ts';
import { vp8 } from '../support/rtp.ts';
import { testServer, type TestServer } from '../support/server.ts';
import { anyToken, refusedUpgrade, tokenOf, tokenSettings } from '../support/tokens.ts';
import { camera } from '../support/watching.ts';

const settings = {
  NODE_ENV: 'production',
  GUESTS: 'on',
  MESSAGES_BURST: '1000',
  ...tokenSettings,
};

/** Everything that belongs to somebody else. */
interface Foreign {
  room: string;
  transport: string;
  producer: string;
  consumer: string;
  participant: string;
  stream: string;
}

/** Somebody who publishes, and watches somebody else: one of everything. */
async function victim(t: Test, url: string): Promise<{ peer: JoinedPeer; foreign: Foreign }> {
  const token = await tokenOf('victim', { roomJoin: true, room: 'theirs' });
  const peer = await Peer.inRoom(t, url, 'theirs', { token });
  const other = await Peer.inRoom(t, url, 'theirs', {
    token: await tokenOf('companion', { roomJoin: true }),
  });
  const producer = await camera(peer);
  const { id: consumer, streamId: stream = '' } = await peer.request('consume', {
    producerId: await camera(other),
  });
  await peer.request('resumeConsumer', { consumerId: consumer });
  const foreign = {
    room: 'theirs',
    transport: peer.send.id,
    producer,
    consumer,
    participant: peer.joined.resumeToken,
    stream,
  };
  return { peer, foreign };
}

/** Every way to name something by its id over the signalling. */
const attempts: Record<keyof Foreign, (id: string) => [Method, object][]> = {
  room: (room) => [['join', { room, displayName: 'x' }]],
  transport: (transportId) => [
    ['connectTransport', { transportId, dtlsParameters: {} }],
    ['restartIce', { transportId }],
    ['closeTransport', { transportId }],
    ['produce', { transportId, kind: 'video', source: 'camera', rtpParameters: vp8() }],
  ],
  producer: (producerId) => [
    ['pauseProducer', { producerId }],
    ['resumeProducer', { producerId }],
    ['closeProducer', { producerId }],
    // From another room.
    ['consume', { producerId }],
  ],
  consumer: (consumerId) => [
    ['pauseConsumer', { consumerId }],
    ['resumeConsumer', { consumerId }],
    ['closeConsumer', { consumerId }],
    ['setPreferredLayers', { consumerId, spatialLayer: 0 }],
  ],
  participant: (resumeToken) => [['resume', { resumeToken }]],
  stream: (replace) => [['consume', { producerId: randomUUID(), replace }]],
};

/** Who gets in, to a room of their own, and may touch nothing of the victim's. */
const insiders: Record<string, (t: Test, url: string) => Promise<JoinedPeer>> = {
  guest: (t, url) => Peer.inRoom(t, url, 'mine'),
  'another user': async (t, url) =>
    Peer.inRoom(t, url, 'mine', { token: await tokenOf('mallory', { roomJoin: true, room: 'mine' }) }),
};

/** Who gets nowhere any more, with the token that they have. */
const outsiders: Record<string, (server: TestServer) => Promise<string>> = {
  'a token of a foreign key': () => anyToken({ sub: 'victim' }, {}, new TextEncoder().encode('f'.repeat(32))),
  'a removed user': async ({ url }) => {
    const token = await tokenOf('removed');
    const admin = await tokenOf('admin', { roomAdmin: true });
    t.equal(await ask(url, ['POST', '/revocations', { userId: 'removed' }], admin), 204);
    return token;
  },
  'an expired token': () => anyToken({ sub: 'victim', exp: Math.floor(Date.now() / 1000) - 60 }),
};

/** Requests that name something of the victim's over REST. */
const requests = ({ stream }: Foreign): [method: string, path: string, body?: object][] => [
  ['GET', '/users/victim/streams'],
  ['POST', '/users/victim/streams', {}],
  ['POST', '/users/victim/streams', { replace: stream }],
  ['PUT', `/users/victim/streams/${stream}`],
  ['DELETE', `/users/victim/streams/${stream}`],
  ['GET', '/users/victim/limit'],
  ['PUT', '/users/victim/limit', { maxVideoStreams: 0 }],
  ['DELETE', '/users/victim/limit'],
  ['GET', '/audit/slots'],
  ['POST', '/revocations', { userId: 'victim' }],
];

async function ask(
  url: string,
  [method, path, body]: [string, string, object?],
  token?: string,
): Promise<number> {
  const headers = {
    ...(token !== undefined && { authorization: `Bearer ${token}` }),
    ...(body && { 'content-type': 'application/json' }),
  };
  const init = body ? { method, headers, body: JSON.stringify(body) } : { method, headers };
  return (await fetch(`${url}/api/v1${path}`, init)).status;
}

/** Nothing of the victim's has changed. */
async function unharmed(
  t: Test,
  server: TestServer,
  { peer, foreign }: { peer: JoinedPeer; foreign: Foreign },
) {
  const room = [...server.rooms.rooms].find(({ name }) => name === foreign.room);
  const participant = [...(room?.participants.values() ?? [])].find(({ userId }) => userId === 'victim');
  t.equal(participant?.closed, false, 'still there');
  t.match(participant?.publication(foreign.producer).producer, { closed: false, paused: false });
  t.match(participant?.consumer(foreign.consumer), { closed: false, paused: false });
  t.ok((await peer.raw('restartIce', { transportId: foreign.transport })).ok, 'its transport is its own');
  t.match(await server.audit.compare(), { slots: 1, forwarded: 1, declared: 0, drift: [] });
}

t.test('every actor, every foreign id, over the signalling: refused, and nothing happens', async (t) => {
  const server = await testServer(t, settings);
  const theirs = await victim(t, server.url);
  for (const [actor, arrive] of Object.entries(insiders)) {
    const peer = await arrive(t, server.url);
    for (const [kind, id] of Object.entries(theirs.foreign) as [keyof Foreign, string][]) {
      // Who is in a room already is told so before anything else: a connection that has not joined is asked.
      const fresh = ['room', 'participant'].includes(kind);
      if (kind === 'room' && actor === 'guest') continue;
      const asked = fresh ? await Peer.connect(t, server.url, await asSomebody(actor)) : peer;
      for (const [method, data] of attempts[kind](id)) {
        const answer = await asked.raw(method, data);
        t.ok(
          !answer.ok && ['not_found', 'forbidden'].includes(answer.error.code),
          `${actor}, ${kind}: ${method}`,
          {
            answer,
          },
        );
      }
    }
  }
  await unharmed(t, server, theirs);
});

t.test('who has no valid token gets to none of it: refused before the upgrade', async (t) => {
  const server = await testServer(t, settings);
  const theirs = await victim(t, server.url);
  for (const [actor, tokenFor] of Object.entries(outsiders)) {
    const token = await tokenFor(server);
    t.equal((await refusedUpgrade(server.url, token)).status, 401, `${actor}: signalling`);
    for (const request of requests(theirs.foreign)) {
      t.equal(await ask(server.url, request, token), 401, `${actor}: ${request[0]} ${request[1]}`);
    }
  }
  await unharmed(t, server, theirs);
});

t.test('every actor, every foreign id, over REST: refused, and nothing happens', async (t) => {
  const server = await testServer(t, settings);
  const theirs = await victim(t, server.url);
  for (const [actor, token] of [
    ['guest', undefined],
    ['another user', await tokenOf('mallory', { roomJoin: true })],
    ['the host of another room', await tokenOf('mallory', { roomJoin: true, roomAdmin: true, room: 'mine' })],
    [
      'a writer for one room',
      await tokenOf('mallory', { streamsWrite: true, statsRead: true, room: 'mine' }),
    ],
  ] as const) {
    for (const request of requests(theirs.foreign)) {
      t.equal(await ask(server.url, request, token), 403, `${actor}: ${request[0]} ${request[1]}`);
    }
  }
  const writer = await tokenOf('backend', { streamsWrite: true });
  for (const method of ['PUT', 'DELETE']) {
    const status = await ask(server.url, [method, `/users/victim/streams/${theirs.foreign.stream}`], writer);
    t.equal(status, 404, `a stream of the SFU is not declared: ${method}`);
    const other = await ask(server.url, [method, `/users/somebody/streams/${theirs.foreign.stream}`], writer);
    t.equal(other, 404, `nor is it somebody else’s: ${method}`);
  }
  await unharmed(t, server, theirs);
});

async function asSomebody(actor: string) {
  return actor === 'guest' ? {} : { token: await tokenOf('mallory', { roomJoin: true, room: 'mine' }) };
}
