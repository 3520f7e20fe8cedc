import { maxHeaderSize } from 'node:http';
import fastify, {
  LogController,
  type FastifyBaseLogger,
  type FastifyInstance,
  type FastifyRequest,
} from 'fastify';
import type { Logger } from 'pino';
import { listOf } from './addresses.ts';
import type { Clock } from './clock.ts';
import type { Config } from './config.ts';
import { accessTo } from './http/access.ts';
import { registerAudit } from './http/audit.ts';
import { acceptEmptyJson } from './http/body.ts';
import { registerCallQuality } from './http/call-quality.ts';
import { registerCors } from './http/cors.ts';
import { registerCrossSite } from './http/cross-site.ts';
import { registerDocs } from './http/docs.ts';
import { registerErasure } from './http/erasure.ts';
import { keepPrivate, registerHeaders } from './http/headers.ts';
import { registerHealth, type ReadinessChecks } from './http/health.ts';
import { registerKnownHost } from './http/known-host.ts';
import { registerLimits } from './http/limits.ts';
import { registerMetrics, registerRequestTimes } from './http/metrics.ts';
import { refusePath, registerNotFound } from './http/not-found.ts';
import { registerOpenApi } from './http/openapi.ts';
import { registerPages } from './http/pages.ts';
import { registerParticipants } from './http/participants.ts';
import { registerPrefetch } from './http/prefetch.ts';
import { registerProblemPages } from './http/problem-pages.ts';
import { answerError, registerProblems } from './http/problem.ts';
import { registerRevocations } from './http/revocations.ts';
import { registerRoomStreams } from './http/room-streams.ts';
import { registerRooms } from './http/rooms.ts';
import { registerStats } from './http/stats.ts';
import { STATS_TURNS } from './http/stats-access.ts';
import { registerStatsRooms } from './http/stats-rooms.ts';
import { registerStatsScores } from './http/stats-scores.ts';
import { registerStatsSummary } from './http/stats-summary.ts';
import { registerStatsTimeline } from './http/stats-timeline.ts';
import { registerStreamCount } from './http/stream-count.ts';
import { registerStreamHistory } from './http/stream-history.ts';
import { registerStreams } from './http/streams.ts';
import { Turns } from './http/turns.ts';
import { registerUserLimits } from './http/user-limits.ts';
import { registerValidate } from './http/validate.ts';
import { registerClientAddress } from './identity/address.ts';
import type { Erasure } from './identity/erasure.ts';
import { KnownHosts } from './identity/known-hosts.ts';
import { Origins } from './identity/origins.ts';
import { registerIdentity } from './identity/plugin.ts';
import { Revocations, type RevocationStore } from './identity/revocations.ts';
import type { TokenHolder } from './identity/tokens.ts';
import type { AnnouncedAddresses } from './media/announced-addresses.ts';
import type { WorkerPool } from './media/worker-pool.ts';
import type { PoolCounts } from './metrics/database.ts';
import { Metrics } from './metrics/metrics.ts';
import type { CallJournal } from './rooms/call-journal.ts';
import { BitrateBounds } from './rooms/bitrate-bounds.ts';
import type { CallRecords } from './rooms/call-records.ts';
import { RoomRegistry } from './rooms/registry.ts';
import type { CallQuality } from './stats/call-quality.ts';
import { Recorder } from './stats/recorder.ts';
import type { StatsSink } from './stats/writing/stats-sink.ts';
import type { StatsRecords } from './stats/asking/stats-records.ts';
import { SlotAudit } from './streams/audit.ts';
import { AutomaticChoice } from './streams/automatic/automatic-choice.ts';
import { DeclaredStreams } from './streams/declared.ts';
import type { SlotLedger } from './streams/slot-ledger.ts';
import type { StreamRecords } from './streams/stream-records.ts';
import { Streams } from './streams/streams.ts';
import { JoinLimits } from './ws/join-limits.ts';
import { SeatTokens } from './ws/seat-tokens.ts';
import { registerSignalling } from './ws/signalling.ts';
import { SocketLimit } from './ws/socket-limit.ts';
import { registerUpgrade } from './ws/upgrade.ts';

/** Size of what a request of the REST API may send. */
const BODY_MAX_BYTES = 65_536;

/** Interval at which connections with incomplete requests are checked, in ms. */
const CONNECTIONS_CHECKED_MS = 1_000;

export interface AppDependencies {
  config: Config;
  log: Logger;
  workers: WorkerPool;
  announced: AnnouncedAddresses;
  journal: CallJournal;
  records: CallRecords;
  ledger: SlotLedger;
  streamRecords: StreamRecords;
  statsRecords: StatsRecords;
  statsSink: StatsSink;
  callQuality: CallQuality;
  revocationStore: RevocationStore;
  erasure: Erasure;
  checks: ReadinessChecks;
  /** Connections to the database, by what they are for: to be counted. */
  pools: Readonly<Record<string, PoolCounts>>;
  cookieSecret: string;
  clock: Clock;
  /** The folder of the built client. */
  clientDir: string;
}

export interface App {
  app: FastifyInstance;
  rooms: RoomRegistry;
  streams: Streams;
  revocations: Revocations;
  audit: SlotAudit;
  declared: DeclaredStreams;
  recorder: Recorder;
  bitrates: BitrateBounds;
}

/**
 * Puts the server together: rooms and streams on what is given, then every plugin and route, in the order in which a
 * request meets them. Closing `app` ends every call first, and waits until that is recorded.
 */
export async function buildApp(dependencies: AppDependencies): Promise<App> {
  const { config, log, workers, announced, journal, ledger, checks, clientDir, clock } = dependencies;
  const { records, streamRecords } = dependencies;
  const now = () => dependencies.clock.monotonic();
  const revocations = new Revocations(dependencies.revocationStore);
  const rooms = new RoomRegistry({
    workers,
    journal,
    removals: revocations,
    log,
    limits: {
      rooms: config.MAX_ROOMS,
      participantsPerRoom: config.MAX_PARTICIPANTS_PER_ROOM,
      participantsPerUser: config.MAX_PARTICIPANTS_PER_USER,
      producersPerParticipant: config.MAX_PRODUCERS,
      guestRoomsPerAddress: config.GUEST_ROOMS_PER_ADDRESS,
      guestPresencesPerAddress: config.GUEST_PRESENCES_PER_ADDRESS,
    },
    emptyRoomTtl: config.EMPTY_ROOM_TTL_MS,
    now,
  });
  const bitrates = new BitrateBounds({
    rooms,
    limits: { video: config.PRODUCER_VIDEO_MAX_BITRATE, audio: config.PRODUCER_AUDIO_MAX_BITRATE },
    window: config.PRODUCER_BITRATE_WINDOW_MS,
    clock: dependencies.clock,
    log,
  });
  const streams = new Streams({
    ledger,
    rooms,
    limit: config.MAX_STREAMS_PER_USER,
    lease: config.SLOT_LEASE_MS,
    clock,
    log,
  });
  const choice = new AutomaticChoice({ streams, rooms, clock, log });
  const declared = new DeclaredStreams({ streams, ledger, log });
  const audit = new SlotAudit({ streams, ledger, workers, rooms, log });
  const recorder = new Recorder({
    rooms,
    sink: dependencies.statsSink,
    interval: config.STATS_INTERVAL_MS,
    maxBuffered: config.STATS_BUFFER_SAMPLES,
    log,
  });

  const loggerInstance: FastifyBaseLogger = log;
  const logController = new LogController({ disableRequestLogging: true });
  const app = fastify({
    loggerInstance,
    logController,
    forceCloseConnections: true,
    // Fastify turns Node's own timeouts off. They end with the arrival of the request, so upgraded sockets are not affected.
    requestTimeout: config.HTTP_REQUEST_TIMEOUT_MS,
    keepAliveTimeout: config.HTTP_KEEP_ALIVE_MS,
    http: {
      headersTimeout: config.HTTP_HEADERS_TIMEOUT_MS,
      connectionsCheckingInterval: CONNECTIONS_CHECKED_MS,
    },
    trustProxy: config.TRUST_PROXY ?? false,
    bodyLimit: BODY_MAX_BYTES,
    // No route matches by an expression: what a header can hold is short enough.
    routerOptions: { maxParamLength: maxHeaderSize },
    frameworkErrors: refusePath,
  });
  app.addHook('preClose', async () => {
    // Fastify answers an upgrade that comes while it closes, and leaves the socket open, which would hold the end up.
    app.server.prependListener('upgrade', (_request, socket) => socket.destroy());
    await rooms.close();
    await Promise.all([rooms.end(), streams.settled(), recorder.stop()]);
  });

  await registerUpgrade(app, config.MESSAGE_MAX_BYTES, log);
  registerClientAddress(app, log);
  const sockets = new SocketLimit({ perAddress: config.SOCKETS_PER_ADDRESS, now, log });
  const connections = () => app.websocketServer.clients.size;
  const { pools } = dependencies;
  const metrics =
    accessTo('METRICS_API', config) === 'off'
      ? undefined
      : new Metrics({ rooms, streams, bitrates, workers, recorder, pools, connections, sockets });
  if (metrics) registerRequestTimes(app, metrics);
  await registerHeaders(app, listOf(config.FRAME_ANCESTORS));
  const hosts = new KnownHosts(config);
  const origins = new Origins(config, hosts);
  await registerCors(app, origins);
  app.setErrorHandler(answerError);
  registerKnownHost(app, hosts);
  registerCrossSite(app, origins);
  registerPrefetch(app);
  registerHealth(app, { ...checks, open: () => rooms.isOpen });
  const { count, countRefused } = await registerLimits(app, config.REST_REQUESTS_PER_MINUTE);
  const onAccepted = (holder: TokenHolder) => streams.limits.see(holder);
  const tokens = await registerIdentity(app, { ...dependencies, revocations, countRefused, onAccepted });
  const joins = new JoinLimits({
    user: config.JOINS_PER_MINUTE_PER_USER,
    address: config.JOINS_PER_MINUTE_PER_ADDRESS,
  });
  registerSignalling(app, {
    rooms,
    bitrates,
    streams,
    choice,
    recorder,
    tokens,
    revocations,
    announced,
    turn: {
      hosts: listOf(config.TURN_HOST),
      port: config.TURN_PORT,
      tlsPort: config.TURN_TLS_PORT,
      secrets: listOf(config.TURN_SECRETS),
      ttl: config.TURN_TTL_MS,
    },
    joins,
    sockets,
    answered: metrics && ((method, outcome) => metrics.signalling.answered(method, outcome)),
    log,
    origins,
    resumeGrace: config.RESUME_GRACE_MS,
    seatTokens: new SeatTokens(dependencies.cookieSecret, () => clock.now()),
    limits: {
      messagesPerSecond: config.MESSAGES_PER_SECOND,
      messagesBurst: config.MESSAGES_BURST,
      unsentMaxBytes: config.UNSENT_MAX_BYTES,
      pingInterval: config.PING_INTERVAL_MS,
      pingTimeout: config.PING_TIMEOUT_MS,
      joinTimeout: config.JOIN_TIMEOUT_MS,
    },
  });
  if (metrics) await registerMetrics(app, metrics, config);
  await registerStreamCount(app, declared, config, count);
  const turns = new Turns(STATS_TURNS);
  const countJoin = (request: FastifyRequest) => joins.take(request.identity?.userId, request.clientAddress);
  const { callQuality: quality, statsRecords: stats } = dependencies;
  await registerCallQuality(app, { rooms, quality, turns, hosts, countJoin }, config, count);
  const sources = { rooms, records, removals: revocations };
  const statsSources = { ...sources, stats, turns };
  await app.register(
    async (api) => {
      registerProblems(api);
      api.addHook('onRequest', count);
      api.addHook('onRequest', keepPrivate);
      acceptEmptyJson(api);
      await registerOpenApi(api);
      await registerDocs(api);
      registerProblemPages(api);
      registerValidate(api, ({ clientAddress }) => sockets.refuseOneMore(clientAddress));
      registerRevocations(api, revocations);
      registerErasure(api, dependencies.erasure);
      registerRooms(api, sources, config);
      registerParticipants(api, sources);
      registerRoomStreams(api, sources, streamRecords);
      registerStreams(api, declared, config);
      registerUserLimits(api, streams.limits);
      registerStreamHistory(api, streamRecords);
      registerStats(api, statsSources, config);
      registerStatsSummary(api, statsSources);
      registerStatsScores(api, statsSources);
      registerStatsTimeline(api, statsSources, config);
      registerStatsRooms(api, statsSources);
      registerAudit(api, audit);
      // Before the pages would look for a file of that name.
      api.all('/*', { schema: { hide: true } }, (_request, reply) => reply.callNotFound());
    },
    { prefix: '/api/v1' },
  );
  registerNotFound(app);
  await registerPages(app, clientDir);
  return { app, rooms, streams, revocations, audit, declared, recorder, bitrates };
}
