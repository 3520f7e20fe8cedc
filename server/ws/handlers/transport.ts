import { iceServersFor } from '../../media/ice-servers.ts';
import type { Handlers } from '../handlers.ts';

export const transportHandlers: Handlers<
  'createTransport' | 'connectTransport' | 'restartIce' | 'closeTransport'
> = {
  async createTransport({ context, presence }, { direction }) {
    const transport = await presence.participant.createTransport(direction);
    const { id, iceParameters, iceCandidates, dtlsParameters } = transport;
    return { id, iceParameters, iceCandidates: context.announced.candidates(iceCandidates), dtlsParameters };
  },

  async connectTransport({ presence }, { transportId, dtlsParameters }) {
    await presence.participant.connectTransport(transportId, dtlsParameters);
    return {};
  },

  async restartIce({ context, userId, presence }, { transportId }) {
    const iceParameters = await presence.participant.restartIce(transportId);
    return { iceParameters, iceServers: iceServersFor(userId, context.turn) };
  },

  closeTransport({ presence }, { transportId }) {
    presence.participant.closeTransport(transportId);
    return {};
  },
};
