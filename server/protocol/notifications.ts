import { Type, type Static } from 'typebox';
import {
  Consumer,
  Exactly,
  Id,
  LeaveReason,
  Participant,
  Permissions,
  Producer,
  RtpCapabilities,
  SpatialLayer,
  Stream,
  TemporalLayer,
} from './model.ts';

/** The version of this protocol. It goes up when something that clients rely on changes. */
export const PROTOCOL_VERSION = 1;

const Bitrate = Type.Integer({ minimum: 0, description: 'In bit/s.' });
const Ratio = Type.Number({ minimum: 0, maximum: 1 });
const Milliseconds = Type.Number({ minimum: 0 });

/** Everything that the server tells of itself, by event. A client passes over events it does not know. */
export const notifications = {
  hello: Exactly({
    protocol: Type.Literal(PROTOCOL_VERSION),
    userId: Type.String({ minLength: 1, maxLength: 128 }),
    routerRtpCapabilities: RtpCapabilities,
    expiresInMs: Type.Optional(
      Type.Integer({ minimum: 0, description: 'Time until the access token ends; none for a guest.' }),
    ),
  }),
  participantJoined: Participant,
  participantLeft: Exactly({ participantId: Id, reason: LeaveReason }),
  producerAdded: Exactly({ participantId: Id, producer: Producer }),
  producerPaused: Exactly({ participantId: Id, producerId: Id }),
  producerResumed: Exactly({ participantId: Id, producerId: Id }),
  producerClosed: Exactly({
    participantId: Id,
    producerId: Id,
    reason: Type.Optional(
      Type.Literal('bitrate_exceeded', {
        description: 'For the publisher alone: it sent more than a track may.',
      }),
    ),
  }),
  consumerAdded: Consumer,
  consumerClosed: Exactly({
    consumerId: Id,
    reason: Type.Union([
      Type.Literal('producer_closed'),
      Type.Literal('transport_closed'),
      Type.Literal('replaced'),
      Type.Literal('swept'),
      Type.Literal('forbidden'),
    ]),
  }),
  consumerLayersChanged: Exactly({
    consumerId: Id,
    layers: Type.Union([
      Type.Null({ description: 'Nothing is forwarded at present.' }),
      Exactly({ spatialLayer: SpatialLayer, temporalLayer: Type.Optional(TemporalLayer) }),
    ]),
  }),
  streams: Exactly({
    limit: Type.Integer({ minimum: 0 }),
    streams: Type.Array(Stream, {
      description: 'What holds the slots of the user, over all rooms and tabs.',
    }),
  }),
  permissions: Permissions,
  roomUpdated: Exactly({ locked: Type.Boolean() }),
  serverStopping: Exactly({
    withinMs: Type.Integer({ minimum: 0, description: 'The call goes on for so long at most.' }),
  }),
  activeSpeakers: Exactly({
    speakers: Type.Array(
      Exactly({
        participantId: Id,
        level: Type.Number({ minimum: 0, maximum: 1, description: 'Loudness; 1 is 0 dBov, 0 is -127 dBov.' }),
      }),
      { description: 'Loudest first; empty when nobody speaks.' },
    ),
  }),
  quality: Exactly({
    intervalMs: Type.Integer({ minimum: 1, description: 'The time that it is of.' }),
    upBitrateBps: Type.Optional(Bitrate),
    downBitrateBps: Type.Optional(Bitrate),
    upLossRatio: Type.Optional(Ratio),
    downLossRatio: Type.Optional(Ratio),
    upAudioLossRatio: Type.Optional(Ratio),
    downAudioLossRatio: Type.Optional(Ratio),
    upJitterMs: Type.Optional(Milliseconds),
    downJitterMs: Type.Optional(Milliseconds),
    rttMs: Type.Optional(Milliseconds),
  }),
  roomClosed: Exactly({
    reason: Type.Union([
      Type.Literal('worker_died'),
      Type.Literal('room_closed'),
      Type.Literal('server_stopped'),
    ]),
  }),
} as const;

export type Event = keyof typeof notifications;
export type NotificationData<E extends Event> = Static<(typeof notifications)[E]>;
/** A frame from the server that is no answer. */
export type Notification = { [E in Event]: { event: E; data: NotificationData<E> } }[Event];
