import { answered } from '../../media/answered.ts';
import type { Handlers } from '../handlers.ts';

export const producerHandlers: Handlers<'produce' | 'pauseProducer' | 'resumeProducer' | 'closeProducer'> = {
  async produce({ presence, context }, params) {
    context.bitrates.refuse(presence.participant, params.source);
    const { producer } = await presence.participant.produce(params);
    return { producerId: producer.id };
  },

  async pauseProducer({ presence }, { producerId }) {
    await answered(presence.participant.publication(producerId).producer.pause());
    return {};
  },

  async resumeProducer({ presence }, { producerId }) {
    await answered(presence.participant.publication(producerId).producer.resume());
    return {};
  },

  closeProducer({ presence }, { producerId }) {
    presence.participant.publication(producerId).close();
    return {};
  },
};
