import { Type, type Static } from 'typebox';
import {
  Consumer,
  Direction,
  DisplayName,
  DtlsParameters,
  Exactly,
  IceParameters,
  IceServer,
  Id,
  MediaKind,
  Participant,
  Permissions,
  RoomName,
  RtpCapabilities,
  RtpParameters,
  SpatialLayer,
  TemporalLayer,
  TrackSource,
  Transport,
} from './model.ts';
import { ReportedTransport } from './stats-report.ts';

const Nothing = Exactly({});

/**
 * Every method that a client may call: what it sends and what it gets back. The server's validators and handlers,
 * the client's types and the tests all come from this table.
 */
export const methods = {
  join: {
    params: Exactly({
      room: RoomName,
      displayName: DisplayName,
      rtpCapabilities: Type.Optional(RtpCapabilities),
      deviceId: Type.Optional(Id),
      autoSubscribe: Type.Optional(
        Type.Boolean({ description: 'The server chooses the videos (default), or the client alone.' }),
      ),
      resumeToken: Type.Optional(Id),
      joinId: Type.Optional(Id),
    }),
    result: Exactly({
      participantId: Id,
      resumeToken: Id,
      room: Exactly({ id: Id, name: RoomName, locked: Type.Boolean() }),
      participants: Type.Array(Participant),
      permissions: Permissions,
      iceServers: Type.Array(IceServer),
      statsIntervalMs: Type.Integer({ minimum: 1, description: 'Time between two `reportStats`.' }),
    }),
  },
  resume: {
    params: Exactly({ resumeToken: Id }),
    result: Exactly({
      room: Exactly({ locked: Type.Boolean() }),
      participants: Type.Array(Participant),
      permissions: Permissions,
      producerIds: Type.Array(Id),
      mutedByHost: Type.Array(Id, { description: 'Own producers that a host has paused or closed.' }),
      consumerIds: Type.Array(Id),
    }),
  },
  leave: { params: Nothing, result: Nothing },
  away: { params: Nothing, result: Exactly({ withinMs: Type.Integer({ minimum: 0 }) }) },
  ping: { params: Nothing, result: Nothing },
  refreshToken: {
    params: Exactly({ token: Type.String({ minLength: 1, maxLength: 8192 }) }),
    result: Exactly({
      expiresAt: Type.Integer({ description: 'By the server’s clock, in ms since the epoch.' }),
      expiresInMs: Type.Integer({ minimum: 0 }),
    }),
  },

  createTransport: { params: Exactly({ direction: Direction }), result: Transport },
  connectTransport: {
    params: Exactly({ transportId: Id, dtlsParameters: DtlsParameters }),
    result: Nothing,
  },
  restartIce: {
    params: Exactly({ transportId: Id }),
    result: Exactly({ iceParameters: IceParameters, iceServers: Type.Array(IceServer) }),
  },
  closeTransport: { params: Exactly({ transportId: Id }), result: Nothing },

  produce: {
    params: Exactly({
      transportId: Id,
      kind: MediaKind,
      source: TrackSource,
      rtpParameters: RtpParameters,
      paused: Type.Optional(Type.Boolean()),
    }),
    result: Exactly({ producerId: Id }),
  },
  pauseProducer: { params: Exactly({ producerId: Id }), result: Nothing },
  resumeProducer: { params: Exactly({ producerId: Id }), result: Nothing },
  closeProducer: { params: Exactly({ producerId: Id }), result: Nothing },

  consume: { params: Exactly({ producerId: Id, replace: Type.Optional(Id) }), result: Consumer },
  pauseConsumer: { params: Exactly({ consumerId: Id }), result: Nothing },
  resumeConsumer: { params: Exactly({ consumerId: Id }), result: Nothing },
  closeConsumer: {
    params: Exactly({ consumerId: Id, again: Type.Optional(Type.Boolean()) }),
    result: Nothing,
  },
  setPinned: {
    params: Exactly({ participantId: Id, source: TrackSource, pinned: Type.Boolean() }),
    result: Nothing,
  },
  setPreferredLayers: {
    params: Exactly({
      consumerId: Id,
      spatialLayer: SpatialLayer,
      temporalLayer: Type.Optional(TemporalLayer),
    }),
    result: Nothing,
  },

  reportStats: {
    params: Exactly({ transports: Type.Array(ReportedTransport, { minItems: 1, maxItems: 2 }) }),
    result: Nothing,
  },

  muteParticipant: {
    params: Exactly({
      participantId: Id,
      sources: Type.Optional(Type.Array(TrackSource, { minItems: 1, maxItems: 4 })),
    }),
    result: Nothing,
  },
  removeParticipant: { params: Exactly({ participantId: Id }), result: Nothing },
  updateRoom: { params: Exactly({ locked: Type.Boolean() }), result: Nothing },
  closeRoom: { params: Nothing, result: Nothing },
} as const;

export type Method = keyof typeof methods;
export type Params<M extends Method> = Static<(typeof methods)[M]['params']>;
export type Result<M extends Method> = Static<(typeof methods)[M]['result']>;
