import type { Handlers } from '../handlers.ts';

export const producerHandlers: Handlers<'produce' | 'pauseProducer' | 'resumeProducer' | 'closeProducer'> = {
  async produce({ presence }, params) {
    const { producer } = await presence.participant.produce(params);
    return { producerId: producer.id };
  },

  async pauseProducer({ presence }, { producerId }) {
    await presence.participant.producer(producerId).pause();
    return {};
  },

  async resumeProducer({ presence }, { producerId }) {
    await presence.participant.producer(producerId).resume();
    return {};
  },

  closeProducer({ presence }, { producerId }) {
    presence.participant.producer(producerId).close();
    return {};
  },
};
