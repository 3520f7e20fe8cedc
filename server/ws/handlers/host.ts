import { AppError } from '../../errors.ts';
import { adminRefusal } from '../../rooms/permissions.ts';
import type { Handlers } from '../handlers.ts';
import type { Presence, Session } from '../session.ts';

export const hostHandlers: Handlers<'muteParticipant' | 'removeParticipant' | 'updateRoom' | 'closeRoom'> = {
  async muteParticipant(session, { participantId, sources = ['microphone'] }) {
    await roomOfHost(session).room.participant(participantId).mute(sources);
    return {};
  },

  async removeParticipant(session, { participantId }) {
    const { room } = roomOfHost(session);
    if (room.participant(participantId).userId === session.userId) {
      throw new AppError('bad_request', 'That is yourself. Send `leave`.');
    }
    await session.context.rooms.remove(room, participantId, session.userId);
    return {};
  },

  updateRoom(session, changes) {
    roomOfHost(session).room.update(changes);
    return {};
  },

  closeRoom(session) {
    roomOfHost(session).room.close('room_closed');
    return {};
  },
};

/** @throws {AppError} `not_joined`; `forbidden` without the grant. */
function roomOfHost({ presence }: Session): Presence {
  const refusal = adminRefusal(presence.participant.grants, presence.room.name);
  if (refusal) throw refusal;
  return presence;
}
