import { AppError } from '../../errors.ts';
import type { Handlers } from '../handlers.ts';

export const statsHandlers: Handlers<'reportStats'> = {
  reportStats({ presence, context }, { transports }) {
    for (const { transportId } of transports) presence.participant.transports.get(transportId);
    const [first, second] = transports;
    if (second && first?.transportId === second.transportId) {
      throw new AppError('bad_request', 'reportStats: one report a transport. Send the latest one.');
    }
    context.recorder.report(transports);
    return {};
  },
};
