import type { Handlers } from '../handlers.ts';

export const statsHandlers: Handlers<'reportStats'> = {
  reportStats({ presence, context }, { transports }) {
    for (const { transportId } of transports) presence.participant.transports.get(transportId);
    for (const report of transports) context.recorder.report(report);
    return {};
  },
};
