import { AppError } from '../../errors.ts';
import { iceServersFor } from '../../media/ice-servers.ts';
import type { Participant } from '../../protocol/model.ts';
import type { Handlers } from '../handlers.ts';
import type { Presence } from '../session.ts';

export const roomHandlers: Handlers<'join' | 'resume' | 'leave'> = {
  async join(session, params) {
    refuseIfJoined(session);
    const { rooms, resumption, turn } = session.context;
    const presence = await rooms.join(session.userId, params);
    const { room, participant } = presence;
    if (session.ended) {
      participant.close('disconnected');
      throw new AppError('not_joined', 'The connection ended while it joined.');
    }
    session.enter(presence);
    return {
      participantId: participant.id,
      resumeToken: resumption.seat(presence, session),
      room: { id: room.id, name: room.name },
      participants: others(presence),
      iceServers: iceServersFor(session.userId, turn),
    };
  },

  resume(session, { resumeToken }) {
    refuseIfJoined(session);
    const presence = session.context.resumption.take(resumeToken, session);
    session.enter(presence);
    const { publications, consumerIds } = presence.participant;
    return { participants: others(presence), producerIds: [...publications.keys()], consumerIds };
  },

  leave({ presence }) {
    presence.participant.close('left');
    return {};
  },
};

function refuseIfJoined({ joined }: { joined: boolean }): void {
  if (joined) throw new AppError('already_joined', 'This connection is in a room already. Open another one.');
}

function others({ room, participant }: Presence): Participant[] {
  return [...room.participants.values()]
    .filter((other) => other !== participant)
    .map((other) => other.describe());
}
