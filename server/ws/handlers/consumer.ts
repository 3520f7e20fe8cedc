import type { Handlers } from '../handlers.ts';

export const consumerHandlers: Handlers<
  'consume' | 'pauseConsumer' | 'resumeConsumer' | 'closeConsumer' | 'setPreferredLayers'
> = {
  consume({ presence: { room, participant } }, { producerId }) {
    return participant.consume(room.producerFor(participant, producerId));
  },

  async pauseConsumer({ presence }, { consumerId }) {
    await presence.participant.consumer(consumerId).pause();
    return {};
  },

  async resumeConsumer({ presence }, { consumerId }) {
    await presence.participant.consumer(consumerId).resume();
    return {};
  },

  closeConsumer({ presence }, { consumerId }) {
    presence.participant.consumer(consumerId).close();
    return {};
  },

  async setPreferredLayers({ presence }, { consumerId, ...layers }) {
    await presence.participant.consumer(consumerId).setPreferredLayers(layers);
    return {};
  },
};
