import type { Handlers } from '../handlers.ts';
import { iceServersOf } from '../ice-servers.ts';

export const transportHandlers: Handlers<
  'createTransport' | 'connectTransport' | 'restartIce' | 'closeTransport'
> = {
  async createTransport(session, { direction }) {
    const { context, presence } = session;
    const transport = await presence.participant.transports.create(direction);
    if (direction === 'recv') session.viewer?.reconsider();
    const { id, iceParameters, iceCandidates, dtlsParameters } = transport;
    return { id, iceParameters, iceCandidates: context.announced.candidates(iceCandidates), dtlsParameters };
  },

  async connectTransport({ presence }, { transportId, dtlsParameters }) {
    await presence.participant.transports.connect(transportId, dtlsParameters);
    return {};
  },

  async restartIce(session, { transportId }) {
    const iceParameters = await session.presence.participant.transports.restartIce(transportId);
    return { iceParameters, iceServers: iceServersOf(session) };
  },

  closeTransport({ presence }, { transportId }) {
    presence.participant.transports.end(transportId);
    return {};
  },
};
