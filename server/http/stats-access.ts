import type { FastifyRequest } from 'fastify';
import { AppError } from '../errors.ts';
import { requireIdentity } from '../identity/require.ts';
import type { SessionRecord } from '../rooms/call-records.ts';
import { isUuid } from '../rooms/uuid.ts';
import type { MeasuredParticipant, StatsRecords } from '../stats/asking/stats-records.ts';
import { fromDatabase } from './database.ts';
import { findSession, refuseOtherRoom, refuseRemoved, type RoomSources } from './room-access.ts';

export interface StatsSources extends RoomSources {
  stats: StatsRecords;
}

/** What somebody reads of a session. */
export interface Reading {
  session: SessionRecord;
  /** Who reads was there, and has no grant: other people's ids, and those who are hidden, are not for them. */
  asMember: boolean;
}

/** PostgreSQL's `query_canceled`: the statement took longer than it may. */
const tookTooLong = (error: unknown) => error instanceof Error && 'code' in error && error.code === '57014';

/**
 * What the database answers.
 *
 * @param advice What to ask for where it is too much.
 * @throws {AppError} `unavailable` where it does not, or has too much to do for it.
 */
export async function fromStatistics<T>(
  request: FastifyRequest,
  answer: Promise<T>,
  advice = 'a shorter period, fewer `fields`, or no `percentiles`',
): Promise<T> {
  const inTime = answer.catch((error: unknown) => {
    if (!tookTooLong(error)) throw error;
    request.log.warn({ err: error }, 'statistics took too long');
    throw new AppError('unavailable', `This is too much to sum up at once. Ask for ${advice}.`);
  });
  return fromDatabase(request, inTime);
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

/**
 * Lets in who has the grant `statsRead` or `roomAdmin` for the room, and who is or was in that session.
 *
 * @param session Undefined: there is none.
 * @param about Whose statistics they are, where they are somebody's.
 * @throws {AppError} `not_found` to those who have a grant; to strangers always the same `forbidden`.
 */
export async function refuseStrangers(
  request: FastifyRequest,
  { stats, removals }: StatsSources,
  session: SessionRecord | undefined,
  missing: string,
  about?: MeasuredParticipant,
): Promise<Reading> {
  const { userId, grants } = requireIdentity(request);
  const asMember = !grants.statsRead && !grants.roomAdmin;
  if (asMember) {
    const isTheirs = session && (grants.room === undefined || grants.room === session.roomName);
    if (!isTheirs || !(await fromDatabase(request, stats.wasIn(session.id, userId)))) throw stranger();
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
