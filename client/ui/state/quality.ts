import { computed, signal, type ReadonlySignal, type Signal } from '@preact/signals';
import { gradeOf, type Grade, type QualityPoint, type Room } from '../../sdk/index.ts';

/** The quality of one's own connection, or of what arrives of somebody else. */
export interface Quality {
  /** Undefined: it cannot be said. */
  grade: ReadonlySignal<Grade | undefined>;
  /** The last minute, oldest first. */
  points: ReadonlySignal<readonly QualityPoint[]>;
}

/** How connections are, of oneself and of those whom one watches or hears. Whoever shows a grade is told of that alone. */
export class Qualities {
  readonly own: Quality;
  readonly #version: Signal<{ room: Room }>;

  constructor(room: Room) {
    this.#version = signal({ room });
    room.on('qualityChanged', () => (this.#version.value = { room }));
    this.own = this.#quality(({ ownQuality }) => ownQuality);
  }

  of(participantId: string): Quality {
    return this.#quality((room) => room.qualityOf(participantId));
  }

  #quality(read: (room: Room) => readonly QualityPoint[]): Quality {
    const points = computed(() => read(this.#version.value.room));
    const grade = computed(() => {
      const score = points.value.at(-1)?.score;
      return score === undefined ? undefined : gradeOf(score);
    });
    return { grade, points };
  }
}
