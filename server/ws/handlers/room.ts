import { AppError } from '../../errors.ts';
import type { Params } from '../../protocol/methods.ts';
import { permissionsOf } from '../../rooms/permissions.ts';
import type { Handlers } from '../handlers.ts';
import { iceServersOf } from '../ice-servers.ts';
import type { Presence, Session } from '../session.ts';

export const roomHandlers: Handlers<'join' | 'resume' | 'leave' | 'away' | 'ping'> = {
  async join(session, params) {
    refuseIfJoined(session);
    const { resumption, recorder } = session.context;
    const { resumeToken: former } = params;
    const seated = former === undefined ? undefined : resumption.takeAnew(former, session, params);
    const presence = seated ?? (await newPresence(session, params));
    session.enter(presence);
    const { room, participant } = presence;
    return {
      participantId: participant.id,
      resumeToken: seated && former !== undefined ? former : resumption.seat(presence, session),
      room: { id: room.id, name: room.name, locked: room.settings.locked },
      participants: room.othersThan(participant),
      permissions: permissionsOf(participant.grants, room.name),
      iceServers: iceServersOf(session),
      statsIntervalMs: recorder.interval,
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

  away(session) {
    session.goAway();
    return { withinMs: session.context.resumption.leavingGrace };
  },

  ping: () => ({}),
};

/** @throws {AppError} what `JoinLimits.take` and `RoomRegistry.join` throw; `not_joined` where the connection ended meanwhile. */
async function newPresence(session: Session, params: Params<'join'>): Promise<Presence> {
  const { rooms, resumption, joins, address, choice } = session.context;
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
  if (params.autoSubscribe !== false) choice.add(room, participant);
  return presence;
}

function refuseIfJoined({ joined }: { joined: boolean }): void {
  if (joined) throw new AppError('already_joined', 'This connection is in a room already. Open another one.');
}
