import type { FastifyInstance, FastifyRequest } from 'fastify';
import type { Config } from '../config.ts';
import { AppError } from '../errors.ts';
import { unknownHost, type KnownHosts } from '../identity/known-hosts.ts';
import { randomRoomName } from '../rooms/random-room-name.ts';
import type { RoomRegistry } from '../rooms/registry.ts';
import type { CallQuality, QualityEntry } from '../stats/call-quality.ts';
import { stepsFor, type Period } from '../stats/steps.ts';
import { keptPeriod, keptPeriodIn, reportIn } from './call-quality-input.ts';
import { fromDatabase } from './database.ts';
import { accessTo, requireToken } from './access.ts';
import type { Limits } from './limits.ts';
import { endpoint, registerOlderService } from './older-service.ts';
import { refuseOtherRoom } from './room-access.ts';
import { fromStatistics } from './stats-access.ts';
import type { Turns } from './turns.ts';

/** Of an answer: what is more would hold up everybody else while it is written. */
const ENTRIES_MAX = 100_000;

export interface CallQualitySources {
  rooms: RoomRegistry;
  quality: CallQuality;
  turns: Turns;
  hosts: KnownHosts;
  /** Counts a room as if it were joined. @throws {AppError} `rate_limited` */
  countJoin: (request: FastifyRequest) => void;
}

/**
 * The older call-quality app, so that its clients go on unchanged: they make rooms, report how their calls were, and read what
 * all have reported, together with what this server measured of its own calls.
 */
export async function registerCallQuality(
  app: FastifyInstance,
  { rooms, quality, turns, hosts, countJoin }: CallQualitySources,
  config: Config,
  count: Limits['count'],
): Promise<void> {
  const access = accessTo('CALL_QUALITY_API', config);
  if (access === 'off') return;
  const byToken = (admit: (request: FastifyRequest) => void) =>
    access === 'token' ? admit : () => undefined;
  const kept = () => keptPeriod(config.STATS_SAMPLE_DAYS);

  /** Where links begin: nobody is sent to a name that the server does not know. @throws {AppError} `unknown_host` */
  const originOf = ({ protocol, host }: FastifyRequest): string => {
    if (config.PUBLIC_URL !== undefined) return config.PUBLIC_URL;
    if (hosts.knows(host)) return `${protocol}://${host}`;
    throw unknownHost(host);
  };

  const open = async (request: FastifyRequest) => {
    const origin = originOf(request);
    // Where a token has to say that one may, it is as with `POST /api/v1/rooms`.
    if (access === 'open') countJoin(request);
    const opener = request.identity?.token ? undefined : request.clientAddress;
    const room = await rooms.open(randomRoomName(), {}, opener);
    return {
      id: room.id,
      name: room.name,
      privacy: 'public',
      url: `${origin.replace(/\/+$/, '')}/r/${room.name}`,
      created_at: room.startedAt,
    };
  };

  const report = async (request: FastifyRequest) => {
    const entry = reportIn(request.body, kept());
    if (access === 'token') refuseOtherRoom(request, entry.roomName);
    await fromDatabase(request, quality.add(entry));
    return entry;
  };

  const read = async (request: FastifyRequest, period: Period) => {
    const steps = stepsFor({ period, step: undefined, samplesSince: 0, sampledMax: 0 });
    const ask = (question: () => Promise<QualityEntry[]>) =>
      fromStatistics(request, turns, question, 'a shorter period');
    const [reported, measured] = await Promise.all([
      ask(() => quality.reported(period, ENTRIES_MAX + 1)),
      ask(() => quality.measured(steps, ENTRIES_MAX + 1)),
    ]);
    const entries = [...reported, ...measured.map((entry) => notBefore(period.from, entry))];
    if (entries.length <= ENTRIES_MAX) return entries;
    throw new AppError(
      'bad_request',
      `From ${iso(period.from)} to ${iso(period.to)} there are more than ${ENTRIES_MAX} entries. Ask for a shorter period, by from and to.`,
    );
  };

  await registerOlderService(app, count, (scope) => {
    endpoint(scope, '/api/room', {
      POST: { admit: byToken((request) => requireToken(request, 'roomCreate')), work: open },
    });
    endpoint<{ Querystring: Record<string, unknown> }>(scope, '/api/metrics', {
      GET: {
        admit: byToken((request) => requireToken(request, 'statsRead', 'roomAdmin')),
        work: async (request) => {
          const period = keptPeriodIn(request.query, kept());
          return byRoom(period ? await read(request, period) : []);
        },
      },
      POST: {
        admit: byToken((request) => requireToken(request)),
        work: async (request, reply) => reply.code(201).send(await report(request)),
      },
      head: true,
    });
  });
}

/** The first step of a period may have begun before it. */
const notBefore = (from: number, entry: QualityEntry): QualityEntry =>
  entry.time.getTime() < from ? { ...entry, time: new Date(from) } : entry;

/** The entries of each participant of each room, in order of time. Names may be any, `__proto__` too. */
function byRoom(entries: QualityEntry[]): Record<string, Record<string, QualityEntry[]>> {
  const rooms = new Map<string, Map<string, QualityEntry[]>>();
  for (const entry of entries.sort((one, other) => one.time.getTime() - other.time.getTime())) {
    const room = rooms.get(entry.roomName) ?? new Map<string, QualityEntry[]>();
    rooms.set(entry.roomName, room);
    const list = room.get(entry.participant);
    if (list) list.push(entry);
    else room.set(entry.participant, [entry]);
  }
  return Object.fromEntries([...rooms].map(([name, room]) => [name, Object.fromEntries(room)]));
}

const iso = (at: number) => new Date(at).toISOString();
