import t from '../support/tap.ts';
import { Peer } from '../support/peer.ts';
import { testDatabase } from '../support/postgres.ts';
import { problem } from '../support/rest.ts';
import { testServer, type TestServer } from '../support/server.ts';
import { tokenOf, tokenSettings } from '../support/tokens.ts';
import { publisher } from '../support/watching.ts';

/** Every statement about a table fails from now on, though the database answers: as by a mistake in one of them. */
const breakTable = ({ database }: TestServer, table: string) =>
  database.pool.query(`ALTER TABLE ${table} RENAME TO ${table}_gone`);

t.test('a statement that fails is a bug, and not said to be the database’s absence', async (t) => {
  const database = await testDatabase(t);
  const server = await testServer(t, {}, { database, faults: true });
  const viewer = await Peer.inRoom(t, server.url, 'tea');
  const producerId = await publisher(t, server.url, 'tea');

  await breakTable(server, 'slots');
  t.match(await viewer.raw('consume', { producerId }), { ok: false, error: { code: 'internal' } });
  t.match(await server.app.inject('/api/v1/audit/slots'), { statusCode: 500 });
  t.match(await server.app.inject('/api/startstream/7'), { statusCode: 500 });

  await breakTable(server, 'participants');
  const answer = await server.app.inject('/api/v1/rooms/tea/participants');
  t.match(answer.statusCode, 500);
  t.match(answer.json(), problem(500, 'internal').body);
  const late = await Peer.connect(t, server.url);
  t.match(await late.raw('join', { room: 'tea', displayName: 'Late' }), {
    ok: false,
    error: { code: 'internal' },
  });
});

t.test(
  'a removal that a mistake keeps from being recorded is not said to be the database’s absence',
  async (t) => {
    const database = await testDatabase(t);
    const server = await testServer(t, tokenSettings, { database, faults: true });
    const host = await Peer.inRoom(t, server.url, 'tea', {
      token: await tokenOf('host', { roomJoin: true, roomAdmin: true }),
    });
    const ada = await Peer.inRoom(t, server.url, 'tea', { token: await tokenOf('ada') });
    const { participantId } = ada.joined;
    await breakTable(server, 'revocations');
    t.match(await host.raw('removeParticipant', { participantId }), {
      ok: false,
      error: { code: 'internal' },
    });
    t.match(
      await host.next('participantLeft'),
      { participantId, reason: 'removed' },
      'they are out all the same',
    );
  },
);

t.test('of what a worker refuses, only what the client sent is the client’s mistake', async (t) => {
  const server = await testServer(t);
  const peer = await Peer.inRoom(t, server.url, 'tea');
  const participant = server.rooms.find('tea')?.participants.get(peer.joined.participantId);
  const transport = participant?.transports.of('send');
  if (!transport) throw new Error('there is no transport');
  transport.produce = () => Promise.reject(new Error('the worker has a fault of its own'));
  const params = {
    transportId: peer.send.id,
    kind: 'audio',
    source: 'microphone',
    rtpParameters: { codecs: [], encodings: [] },
  };
  t.match(await peer.raw('produce', params), { ok: false, error: { code: 'internal' } });
});
