import { AppError } from '../../errors.ts';
import type { Handlers } from '../handlers.ts';

export const roomHandlers: Handlers<'join' | 'leave'> = {
  async join(session, params) {
    if (session.joined) {
      throw new AppError('already_joined', 'This connection is in a room already. Open another one.');
    }
    const { room, participant } = await session.rooms.join(session.userId, params);
    if (session.ended) {
      participant.close('disconnected');
      throw new AppError('not_joined', 'The connection ended while it joined.');
    }
    session.enter({ room, participant });
    return {
      participantId: participant.id,
      room: { id: room.id, name: room.name },
      participants: [...room.participants.values()]
        .filter((other) => other !== participant)
        .map((other) => other.describe()),
    };
  },

  leave(session) {
    session.presence.participant.close('left');
    return {};
  },
};
