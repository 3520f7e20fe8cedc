import type { FastifyRequest } from 'fastify';
import { AppError } from '../errors.ts';
import { requireIdentity } from '../identity/require.ts';
import type { SessionRecord } from '../rooms/call-records.ts';
import { isUuid } from '../rooms/uuid.ts';
import type { MeasuredParticipant, RoomSubject, StatsRecords } from '../stats/asking/stats-records.ts';
import { fromDatabase } from './database.ts';
import { limitedAs } from './limits.ts';
import { findSession, refuseOtherRoom, refuseRemoved, type RoomSources } from './room-access.ts';
import type { Turns } from './turns.ts';

/** Questions of one user, or from one address, that the database is asked at once, of the few that it is asked at all; and that wait. */
export const STATS_TURNS = { atOnce: 2, waiting: 60 };

/** When a connection to the database may be free, if none was. */
const RETRY_AFTER_MS = 2_000;

export interface StatsSources extends RoomSources {
  stats: StatsRecords;
  turns: Turns;
}

/** What somebody reads of a session. */
export interface Reading {
  session: SessionRecord;
  /** Who reads was there, and has no grant: other people's ids, and those who are hidden, are not for them. */
  asMember: boolean;
}

/** PostgreSQL's `query_canceled`: the statement took longer than it may. */
const tookTooLong = (error: unknown) => error instanceof Error && 'code' in error && error.code === '57014';

/** What pg-pool says where every connection is in use for too long: it has no code. */
const foundNone = (error: unknown) =>
  error instanceof Error && error.message === 'timeout exceeded when trying to connect';

/**
 * What the database answers to one question, when it is the turn of whoever asks.
 *
 * @param advice What to ask for where it is too much.
 * @throws {AppError} `unavailable` where it does not, or has too much to do for it; `rate_limited` where too many questions wait.
 */
export async function fromStatistics<T>(
  request: FastifyRequest,
  turns: Turns,
  question: () => Promise<T>,
  advice = 'a shorter period, fewer `fields`, or no `percentiles`',
): Promise<T> {
  const inTime = async () => {
    try {
      return await question();
    } catch (error) {
      if (tookTooLong(error)) {
        request.log.warn({ err: error }, 'statistics took too long');
        throw new AppError('unavailable', `This is too much to sum up at once. Ask for ${advice}.`);
      }
      if (!foundNone(error)) throw error;
      request.log.warn({ err: error }, 'no connection for statistics came free in time');
      throw new AppError('unavailable', 'Too many statistics are being read now. Try again in a moment.', {
        retryAfterMs: RETRY_AFTER_MS,
      });
    }
  };
  return fromDatabase(request, inTurn(request, turns, inTime));
}

async function inTurn<T>(request: FastifyRequest, turns: Turns, work: () => Promise<T>): Promise<T> {
  const { socket } = request;
  const gone = new AbortController();
  const go = () => gone.abort();
  if (socket.destroyed) go();
  socket.once('close', go);
  try {
    return await turns.take(limitedAs(request), gone.signal, work);
  } finally {
    socket.off('close', go);
  }
}

/** A room of which one may read the statistics. @throws {AppError} as `refuseStrangers`. */
export async function readRoom(
  request: FastifyRequest<{ Params: { id: string } }>,
  sources: StatsSources,
): Promise<Reading> {
  const { id } = request.params;
  if (!isUuid(id)) refuseOtherRoom(request, id);
  const session = await findSession(request, sources);
  return refuseStrangers(request, sources, session, `There is no room ${id}, and never was.`);
}

/** What somebody may read the figures of: all of a session, or what remains without those who are hidden from them. */
export async function roomSubject(
  request: FastifyRequest,
  { stats, turns }: StatsSources,
  { session, asMember }: Reading,
): Promise<RoomSubject> {
  const { id: sessionId } = session;
  const { userId } = requireIdentity(request);
  const hidden = asMember
    ? await fromStatistics(request, turns, () => stats.hiddenFrom(sessionId, userId))
    : [];
  return hidden.length === 0
    ? { kind: 'room', sessionId }
    : { kind: 'roomWithout', sessionId, participantIds: hidden };
}

/**
 * Lets in who has the grant `statsRead` or `roomAdmin` for the room, and who is or was in that session.
 *
 * @param session Undefined: there is none.
 * @param about Whose statistics they are, where they are somebody's.
 * @throws {AppError} `not_found` to those who have a grant; to strangers always the same `forbidden`.
 */
export async function refuseStrangers(
  request: FastifyRequest,
  { stats, turns, removals }: StatsSources,
  session: SessionRecord | undefined,
  missing: string,
  about?: MeasuredParticipant,
): Promise<Reading> {
  const { userId, grants } = requireIdentity(request);
  const asMember = !grants.statsRead && !grants.roomAdmin;
  if (asMember) {
    const isTheirs = session && (grants.room === undefined || grants.room === session.roomName);
    const wasIn = isTheirs && (await fromStatistics(request, turns, () => stats.wasIn(session.id, userId)));
    if (!wasIn) throw stranger();
    // Others are not told of who is hidden.
    if (about?.hidden && about.userId !== userId) throw stranger();
  } else if (!session) {
    throw new AppError('not_found', missing);
  } else {
    refuseOtherRoom(request, session.roomName);
  }
  refuseRemoved(request, session.roomName, removals);
  return { session, asMember };
}

const stranger = () =>
  new AppError(
    'forbidden',
    'This is for those who were in that room, and for tokens with the grant statsRead or roomAdmin.',
  );
