import { computed, signal, type ReadonlySignal } from '@preact/signals';
import type { Room } from '../../sdk/index.ts';

/** Makes a signal of something that a room says. */
export type Watch = <T>(read: (room: Room) => T) => ReadonlySignal<T>;

/** A room's signals: each is computed anew when the room says that something has changed. */
export function watch(room: Room): Watch {
  const version = signal({ room });
  room.on('changed', () => (version.value = { room }));
  return (read) => computed(() => read(version.value.room));
}
