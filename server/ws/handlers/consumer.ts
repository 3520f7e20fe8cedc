import { answered } from '../../media/answered.ts';
import { offerOf } from '../../rooms/offer.ts';
import { subscribeRefusal } from '../../rooms/permissions.ts';
import type { Handlers } from '../handlers.ts';

export const consumerHandlers: Handlers<
  'consume' | 'pauseConsumer' | 'resumeConsumer' | 'closeConsumer' | 'setPinned' | 'setPreferredLayers'
> = {
  async consume(session, { producerId, replace }) {
    const { room, participant: viewer } = session.presence;
    // Before anything is given up for it.
    const refusal = subscribeRefusal(viewer.grants);
    if (refusal) throw refusal;
    const { publisher, publication } = room.publishedFor(viewer, producerId);
    if (publication.producer.kind === 'audio') return offerOf(await viewer.consume(publication.producer));
    const { consumer, streamId } = await (session.viewer?.watch(publisher, publication, replace) ??
      session.context.streams.watch({ viewer, publisher, publication, room }, { replace }));
    return { ...offerOf(consumer), streamId };
  },

  async pauseConsumer({ presence }, { consumerId }) {
    await answered(presence.participant.consumer(consumerId).pause());
    return {};
  },

  async resumeConsumer({ presence }, { consumerId }) {
    await answered(presence.participant.consumer(consumerId).resume());
    return {};
  },

  closeConsumer(session, { consumerId, again = false }) {
    const consumer = session.presence.participant.consumer(consumerId);
    if (!again) session.viewer?.onClosed(consumer);
    consumer.close();
    return {};
  },

  setPinned(session, { participantId, source, pinned }) {
    if (pinned) session.presence.room.participant(participantId);
    session.viewer?.setPinned(participantId, source, pinned);
    return {};
  },

  async setPreferredLayers({ presence }, { consumerId, ...layers }) {
    await answered(presence.participant.consumer(consumerId).setPreferredLayers(layers));
    return {};
  },
};
