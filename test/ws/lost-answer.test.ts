import t from '../support/tap.ts';
import { Peer } from '../support/peer.ts';
import { testServer } from '../support/server.ts';
import { both, camera, counts } from '../support/watching.ts';

t.test(
  'a video of which the client knows nothing is offered again, one that it does not want is not',
  async (t) => {
    const server = await testServer(t);
    const ada = await Peer.inRoom(t, server.url, 'tea');
    const producerId = await camera(ada);
    const ben = await Peer.inRoom(t, server.url, 'tea', {}, { autoSubscribe: true });
    const offer = (former?: string) => ben.next('consumerAdded', ({ id }) => id !== former);

    const first = await offer();
    // The answer to this one is lost: the client takes the video down, and finds it when it comes back.
    await ben.request('resumeConsumer', { consumerId: first.id });
    await ben.request('closeConsumer', { consumerId: first.id, again: true });
    const second = await offer(first.id);
    t.equal(second.producerId, producerId);
    await ben.request('resumeConsumer', { consumerId: second.id });
    t.same(await counts(server), both(1));

    const offers = () => ben.received.filter(({ event }) => event === 'consumerAdded').length;
    await ben.request('closeConsumer', { consumerId: second.id });
    t.same(await counts(server), both(0));
    // Something else is chosen after that, so the choice has been made anew.
    const other = await camera(await Peer.inRoom(t, server.url, 'tea'));
    t.equal((await ben.next('consumerAdded', ({ producerId }) => producerId === other)).producerId, other);
    t.equal(offers(), 3);
  },
);

t.test('a video that one has chosen comes back too', async (t) => {
  const server = await testServer(t);
  const producerId = await camera(await Peer.inRoom(t, server.url, 'tea'));
  const ben = await Peer.inRoom(t, server.url, 'tea', {}, { autoSubscribe: true });
  const offered = await ben.next('consumerAdded');
  await ben.request('resumeConsumer', { consumerId: offered.id });
  await ben.request('closeConsumer', { consumerId: offered.id });
  const chosen = await ben.request('consume', { producerId });
  await ben.request('closeConsumer', { consumerId: chosen.id, again: true });
  const again = await ben.next('consumerAdded', ({ id }) => id !== offered.id);
  t.equal(again.producerId, producerId);
});
