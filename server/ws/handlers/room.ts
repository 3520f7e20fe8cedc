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
    const { presence, token } = await resumption.oneByOne(session, params.joinId, () =>
      takePlace(session, params),
    );
    const { room, participant } = presence;
    return {
      participantId: participant.id,
      resumeToken: token,
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

/**
 * Enters the room: in the place that the client has there already, or in a new one.
 *
 * @throws {AppError} what `newPresence` and `Resumption.takeAnew` throw.
 */
async function takePlace(
  session: Session,
  params: Params<'join'>,
): Promise<{ presence: Presence; token: string }> {
  const { resumption } = session.context;
  if (session.ended) throw ended();
  const kept = resumption.takeAnew(session, params);
  const presence = kept?.presence ?? (await newPresence(session, params));
  session.enter(presence);
  return { presence, token: kept?.token ?? resumption.seat(presence, session, params.joinId) };
}

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
    throw ended();
  }
  if (params.autoSubscribe !== false) choice.add(room, participant);
  return presence;
}

const ended = () => new AppError('not_joined', 'The connection or the room ended while it joined.');

function refuseIfJoined({ joined }: { joined: boolean }): void {
  if (joined) throw new AppError('already_joined', 'This connection is in a room already. Open another one.');
}
