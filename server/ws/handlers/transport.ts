import type { Handlers } from '../handlers.ts';

export const transportHandlers: Handlers<
  'createTransport' | 'connectTransport' | 'restartIce' | 'closeTransport'
> = {
  async createTransport({ presence }, { direction }) {
    const transport = await presence.participant.createTransport(direction);
    const { id, iceParameters, iceCandidates, dtlsParameters } = transport;
    return { id, iceParameters, iceCandidates, dtlsParameters };
  },

  async connectTransport({ presence }, { transportId, dtlsParameters }) {
    await presence.participant.connectTransport(transportId, dtlsParameters);
    return {};
  },

  async restartIce({ presence }, { transportId }) {
    return { iceParameters: await presence.participant.restartIce(transportId) };
  },

  closeTransport({ presence }, { transportId }) {
    presence.participant.closeTransport(transportId);
    return {};
  },
};
