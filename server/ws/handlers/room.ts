import { AppError } from '../../errors.ts';
import { permissionsOf } from '../../rooms/permissions.ts';
import type { Handlers } from '../handlers.ts';
import { iceServersOf } from '../ice-servers.ts';

export const roomHandlers: Handlers<'join' | 'resume' | 'leave' | 'ping'> = {
  async join(session, params) {
    refuseIfJoined(session);
    const { rooms, resumption, joins, address } = session.context;
    const { userId } = session;
    const { room: roomName, resumeToken } = params;
    if (resumeToken === undefined || !resumption.recognises(resumeToken, { userId, roomName }))
      joins.take(userId, address);
    const presence = await rooms.join(session.identity, params, address);
    const { room, participant } = presence;
    if (session.ended || participant.closed) {
      participant.close('disconnected');
      throw new AppError('not_joined', 'The connection or the room ended while it joined.');
    }
    if (params.autoSubscribe !== false) session.context.choice.add(room, participant);
    session.enter(presence);
    return {
      participantId: participant.id,
      resumeToken: resumption.seat(presence, session),
      room: { id: room.id, name: room.name, locked: room.settings.locked },
      participants: room.othersThan(participant),
      permissions: permissionsOf(participant.grants, room.name),
      iceServers: iceServersOf(session),
      statsIntervalMs: session.context.recorder.interval,
    };
  },

  async resume(session, { resumeToken }) {
    refuseIfJoined(session);
    const presence = session.context.resumption.take(resumeToken, session);
    session.enter(presence);
    const { room, participant } = presence;
    await session.context.streams.limits.settled(session.userId);
    const { publications, consumers } = participant;
    return {
      room: { locked: room.settings.locked },
      participants: room.othersThan(participant),
      permissions: permissionsOf(participant.grants, room.name),
      producerIds: [...publications.keys()],
      mutedByHost: participant.mutedByHost,
      consumerIds: [...consumers.keys()],
    };
  },

  leave({ presence }) {
    presence.participant.close('left');
    return {};
  },

  ping: () => ({}),
};

function refuseIfJoined({ joined }: { joined: boolean }): void {
  if (joined) throw new AppError('already_joined', 'This connection is in a room already. Open another one.');
}
