import { isIP } from 'node:net';
import { availableParallelism } from 'node:os';
import { Type } from 'typebox';
import { isNetwork, isReachableHost, listOf, portRange } from './addresses.ts';

const count = (value: number, description: string) =>
  Type.Integer({ default: value, minimum: 1, maximum: 1_000_000_000, description });

const milliseconds = (value: number, description: string) =>
  Type.Integer({ default: value, minimum: 10, maximum: 86_400_000, description: `${description}, in ms` });

const hosts = (description: string, value: string) =>
  Type.Refine(
    Type.String({ default: value, description }),
    (text) => listOf(text).every(isReachableHost),
    () =>
      'must be addresses or host names, separated by commas, without ports, that can be reached from elsewhere',
  );

const FRAME_ANCESTOR = /^(self|none|\*|https?:\/\/(\*\.)?[A-Za-z0-9.-]+(:(\d{1,5}|\*))?)$/;

/** Every setting: its name in the environment, its type, its default and what it is for. README's table is made of this. */
export const settings = Type.Object({
  HOST: Type.Refine(
    Type.String({
      default: '127.0.0.1',
      description:
        'Address to listen on: pages, API and signalling by TCP, media by UDP and TCP; 0.0.0.0 is every IPv4, :: every IPv4 and IPv6 address',
    }),
    (text) => isIP(text) !== 0,
    () => 'must be an IPv4 or IPv6 address',
  ),
  PORT: Type.Integer({
    default: 3000,
    minimum: 0,
    maximum: 65535,
    description: 'Port of the pages, the API and the signalling; 0 takes a free one',
  }),
  PUBLIC_URL: Type.Optional(
    Type.Refine(
      Type.String({
        description:
          'Where people open the pages: the server answers to its host name, and links of /api/room begin with it',
      }),
      (text) => /^https?:\/\//.test(text) && URL.canParse(text),
      () => 'must be a URL, such as https://call.example.org',
    ),
  ),
  TRUST_PROXY: Type.Optional(
    Type.Refine(
      Type.String({
        description:
          'Addresses or networks, separated by commas, of proxies whose X-Forwarded headers are believed',
      }),
      (text) => listOf(text).every(isNetwork),
      () => 'must be addresses or networks, such as 10.0.0.7 or 10.0.0.0/8, separated by commas',
    ),
  ),
  ANNOUNCED_ADDRESS: Type.Refine(
    hosts(
      'Where browsers reach the media ports: addresses (IPv4, IPv6) or host names, separated by commas, the best one first',
      '127.0.0.1',
    ),
    (text) => listOf(text).length > 0,
    () => 'must name at least one address',
  ),
  RELAY_ADDRESS: hosts('Where coturn reaches the media ports, if not there: announced last', ''),
  RTC_PORTS: Type.Refine(
    Type.String({
      default: '44400-44463',
      description: 'UDP and TCP ports for media, one for each worker: first-last; 0 takes free ones',
    }),
    (text) => text === '0' || portRange(text) !== undefined,
    () => 'must be two ports from 1 to 65535 with a hyphen between them, such as 44400-44403, or 0',
  ),
  WORKERS: Type.Integer({
    default: availableParallelism(),
    minimum: 1,
    maximum: 256,
    description:
      'mediasoup workers, each a process of one thread (default: one per core, as far as RTC_PORTS go)',
  }),
  TURN_HOST: hosts(
    'Addresses or names of coturn, as browsers reach it, separated by commas; none: no relay',
    '',
  ),
  TURN_PORT: Type.Integer({
    default: 3478,
    minimum: 1,
    maximum: 65535,
    description: 'UDP and TCP port of coturn',
  }),
  TURN_TLS_PORT: Type.Optional(
    Type.Integer({ minimum: 1, maximum: 65535, description: 'TCP port of coturn for TLS (turns:), if any' }),
  ),
  TURN_SECRETS: Type.Refine(
    Type.String({
      default: '',
      description:
        'coturn’s static-auth-secret, 32 characters or more; while it changes, both, separated by commas: the first one signs',
    }),
    (text) => listOf(text).every((secret) => /^[\w+/=.~-]{32,}$/.test(secret)),
    () => 'must be secrets of 32 characters or more (letters, digits, + / = . ~ _ -), separated by commas',
  ),
  TURN_TTL_MS: Type.Integer({
    default: 600_000,
    minimum: 60_000,
    maximum: 86_400_000,
    description: 'Time that credentials for coturn are valid, in ms; a relay that is in use goes on',
  }),
  DATABASE_URL: Type.Optional(
    Type.String({
      pattern: '^postgres(ql)?://',
      description: 'PostgreSQL to use in place of the embedded one',
    }),
  ),
  DATABASE_CONNECT_TIMEOUT_MS: milliseconds(2_000, 'How long a connection to the database may take'),
  DATABASE_STATEMENT_TIMEOUT_MS: milliseconds(3_000, 'How long a statement may take before it is cancelled'),
  TRIVIUM_DATA_DIR: Type.Optional(
    Type.String({
      minLength: 1,
      description:
        'Where the embedded PostgreSQL and the cookie key are kept (default: /var/lib/trivium for root, else ~/.local/state/trivium)',
    }),
  ),
  COOKIE_SECRET: Type.Optional(
    Type.String({
      minLength: 32,
      description:
        'Signs guests’ cookies and resume tokens (default: random, made once and kept in the data directory)',
    }),
  ),
  NODE_ENV: Type.Optional(
    Type.Enum(['production', 'development', 'test'], {
      description:
        '`production` lets in nobody without a token, unless GUESTS=on, and refuses secrets that are missing or weak',
    }),
  ),
  GUESTS: Type.Optional(
    Type.Enum(['on', 'off'], {
      description: 'Whether people without a token may join (default: on, and off in production)',
    }),
  ),
  API_KEY: Type.Optional(
    Type.String({
      minLength: 1,
      maxLength: 128,
      description: 'The name of API_SECRET: `kid` or `iss` of tokens',
    }),
  ),
  API_SECRET: Type.Optional(
    Type.String({ minLength: 32, description: 'Signs access tokens (HS256), 32 characters or more' }),
  ),
  JWKS_URL: Type.Optional(
    Type.String({
      pattern: '^https?://',
      description: 'Where the public keys of access tokens (RS256, EdDSA) are found',
    }),
  ),
  TOKEN_AUDIENCE: Type.Optional(
    Type.String({ minLength: 1, description: 'The `aud` that access tokens must have, if any' }),
  ),
  STREAM_COUNT_API: Type.Optional(
    Type.Enum(['open', 'token', 'off'], {
      description:
        'Who may use /api/startstream and /api/endstream: anybody, who has a token with streamsWrite, nobody (default: open, and token in production)',
    }),
  ),
  METRICS_API: Type.Optional(
    Type.Enum(['open', 'token', 'off'], {
      description:
        'Who may read /metrics: anybody, who has a token with statsRead, nobody (default: open, and token in production)',
    }),
  ),
  CALL_QUALITY_API: Type.Optional(
    Type.Enum(['open', 'token', 'off'], {
      description:
        'Who may use /api/room and /api/metrics: anybody, who has a token, nobody (default: open, and token in production)',
    }),
  ),
  ALLOWED_ORIGINS: Type.String({
    default: '',
    description:
      'Origins, separated by commas, whose pages may use the signalling and the REST API, beside the server’s own; `*` is any',
  }),
  FRAME_ANCESTORS: Type.Refine(
    Type.String({
      default: 'self',
      description:
        'Who may show the pages in a frame: origins, separated by commas, `self`, `none`, or `*` for anybody',
    }),
    (text) => listOf(text).length > 0 && listOf(text).every((one) => FRAME_ANCESTOR.test(one)),
    () =>
      'must be origins, such as https://shop.example or https://*.shop.example, self, none or *, separated by commas',
  ),
  NODE_ID: Type.String({
    default: 'main',
    minLength: 1,
    maxLength: 64,
    description: 'This server’s name among those that share a database',
  }),
  SHARED_DATABASE: Type.Enum(['on', 'off'], {
    default: 'off',
    description:
      'Whether the server starts beside others on the same database, each with a NODE_ID of its own; not everything is safe so yet',
  }),
  LOG_LEVEL: Type.Enum(['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent'], {
    default: 'info',
    description: 'Least level that is logged: fatal, error, warn, info, debug, trace or silent',
  }),
  MAX_ROOMS: count(200, 'Rooms on this server'),
  MAX_PARTICIPANTS_PER_ROOM: count(50, 'Participants in a room'),
  MAX_PARTICIPANTS_PER_USER: count(5, 'Rooms and tabs that one user is in at once'),
  GUEST_ROOMS_PER_ADDRESS: count(
    10,
    'Open rooms that guests of one address, or one /64 of IPv6, have opened',
  ),
  GUEST_PRESENCES_PER_ADDRESS: count(200, 'Participants that are guests of one address at once'),
  SOCKETS_PER_ADDRESS: count(
    300,
    'Signalling connections from one address at once, of guests and of users with tokens',
  ),
  MAX_STREAMS_PER_USER: Type.Integer({
    default: 3,
    minimum: 0,
    maximum: 100,
    description:
      'Videos that one user watches at once, over all rooms, tabs and devices; a token or REST may set another limit for a user who is no guest',
  }),
  MAX_PRODUCERS: count(4, 'Tracks that one participant publishes'),
  PRODUCER_VIDEO_MAX_BITRATE: count(
    8_000_000,
    'Most that one video may send, all layers together, as a mean of PRODUCER_BITRATE_WINDOW_MS, in bit/s; beyond that it is closed',
  ),
  PRODUCER_AUDIO_MAX_BITRATE: count(600_000, 'The same of one sound, in bit/s'),
  PRODUCER_BITRATE_WINDOW_MS: milliseconds(
    10_000,
    'For how long a track may be above its bitrate before it is closed',
  ),
  HTTP_HEADERS_TIMEOUT_MS: milliseconds(
    10_000,
    'How long a connection may take to send the headers of a request',
  ),
  HTTP_REQUEST_TIMEOUT_MS: milliseconds(10_000, 'How long a whole request may take to arrive'),
  HTTP_KEEP_ALIVE_MS: milliseconds(95_000, 'How long a connection may wait for its next request'),
  JOIN_TIMEOUT_MS: milliseconds(
    10_000,
    'How long a signalling connection may be in no room before it is closed',
  ),
  MESSAGE_MAX_BYTES: count(65_536, 'Size of one signalling message, in bytes'),
  MESSAGES_PER_SECOND: count(20, 'Signalling messages a second from one connection, as it goes on'),
  MESSAGES_BURST: count(100, 'Signalling messages from one connection at once'),
  JOINS_PER_MINUTE_PER_USER: count(
    10,
    'Rooms that one user joins within a minute; coming back does not count',
  ),
  JOINS_PER_MINUTE_PER_ADDRESS: count(60, 'The same for everybody behind one address, or one /64 of IPv6'),
  REST_REQUESTS_PER_MINUTE: count(
    600,
    'Requests of the API within a minute by one token, and without one from one address; a tenth as many with tokens that are refused',
  ),
  UNSENT_MAX_BYTES: count(1_048_576, 'Bytes that wait for a slow client before its connection is ended'),
  PING_INTERVAL_MS: milliseconds(5_000, 'Time between two pings of a connection'),
  PING_TIMEOUT_MS: milliseconds(15_000, 'Silence after which a connection counts as gone'),
  RESUME_GRACE_MS: milliseconds(
    30_000,
    'Time that a participant whose connection broke may take to come back',
  ),
  SLOT_LEASE_MS: milliseconds(
    15_000,
    'Time that a slot is held without being renewed, which is done three times in it',
  ),
  DECLARED_LEASE_MS: milliseconds(
    60_000,
    'Time that a stream outside the SFU holds its slot without being renewed by its player',
  ),
  STREAM_COUNT_LEASE_MS: Type.Integer({
    default: 43_200_000,
    minimum: 10,
    maximum: 604_800_000,
    description: 'The same for clients of /api/startstream, which never renew, in ms',
  }),
  AUDIT_INTERVAL_MS: milliseconds(
    30_000,
    'Time between two comparisons of slots with what the workers forward',
  ),
  DRAIN_MS: Type.Integer({
    default: 0,
    minimum: 0,
    maximum: 86_400_000,
    description: 'Time that calls may go on after SIGTERM, in ms; nobody new gets in meanwhile',
  }),
  EMPTY_ROOM_TTL_MS: milliseconds(300_000, 'Time that a room’s session goes on after the last one left'),
  STATS_INTERVAL_MS: Type.Integer({
    default: 5_000,
    minimum: 1_000,
    maximum: 60_000,
    description: 'Time between two samples of every transport, in ms',
  }),
  STATS_BUFFER_SAMPLES: count(
    10_000,
    'Samples that wait for the database at most; beyond that the oldest are dropped, and counted',
  ),
  STATS_SAMPLE_DAYS: count(30, 'Days that samples are kept'),
  STATS_ROLLUP_DAYS: count(396, 'Days that their rollups (15 s, 1 min, 1 h) are kept'),
  RECORDS_DAYS: Type.Integer({
    default: 396,
    minimum: 1,
    maximum: 36_500,
    description: 'Days that rooms, sessions, participants and streams are kept after they ended',
  }),
} satisfies Record<string, object>);
