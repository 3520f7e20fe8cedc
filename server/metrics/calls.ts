import type { Registry } from 'prom-client';
import type { Participant } from '../rooms/participant.ts';
import { kindOf } from '../rooms/publication.ts';
import type { RoomRegistry } from '../rooms/registry.ts';
import { gauge, type Labelled } from './definitions.ts';

/** Who is here now, and what is sent and received. */
export function describeCalls(registry: Registry, rooms: RoomRegistry): void {
  const participants = (): Participant[] =>
    [...rooms.rooms].flatMap((room) => [...room.participants.values()]);

  gauge(registry, {
    name: 'rooms',
    help: 'Rooms that are open: with somebody in them, or empty and waiting for somebody to come back.',
    labelNames: ['state'],
    read() {
      const occupied = [...rooms.rooms].filter((room) => room.participants.size > 0).length;
      return [
        [{ state: 'occupied' }, occupied],
        [{ state: 'empty' }, rooms.rooms.size - occupied],
      ];
    },
  });
  gauge(registry, {
    name: 'participants',
    help: 'Participants in all rooms; a user in two tabs is two.',
    read: () => participants().length,
  });
  gauge(registry, {
    name: 'transports',
    help: 'WebRTC transports that are open: send is from the participant, recv to it.',
    labelNames: ['direction'],
    read: () =>
      (['send', 'recv'] as const).map((direction): Labelled<'direction'> => {
        const open = participants().filter(({ transports }) => transports.of(direction));
        return [{ direction }, open.length];
      }),
  });
  gauge(registry, {
    name: 'producers',
    help: 'Tracks that participants publish, muted ones too.',
    labelNames: ['kind', 'source'],
    read() {
      const sources = participants().flatMap(({ publications }) =>
        [...publications.values()].map(({ source }) => source),
      );
      return Object.entries(kindOf).map(([source, kind]): Labelled<'kind' | 'source'> => [
        { kind, source },
        sources.filter((one) => one === source).length,
      ]);
    },
  });
  gauge(registry, {
    name: 'consumers',
    help: 'Tracks that are forwarded to participants.',
    labelNames: ['kind'],
    read() {
      const kinds = participants().flatMap(({ consumers }) =>
        [...consumers.values()].map((consumer) => consumer.kind),
      );
      return (['audio', 'video'] as const).map((kind): Labelled<'kind'> => [
        { kind },
        kinds.filter((one) => one === kind).length,
      ]);
    },
  });
}
