import { MediaError, SignallingError, type Room } from '../../sdk/index.ts';
import type { Notices } from './notices.ts';

/** Does something in a room; what fails is told as a notice about it, unless the call is over. */
export type Telling = (about: string, work: () => Promise<void>) => Promise<void>;

export function tellingIn(room: Room, notices: Notices): Telling {
  return async (about, work) => {
    try {
      await work();
    } catch (error) {
      if (!(error instanceof MediaError || error instanceof SignallingError)) throw error;
      if (room.state !== 'left') notices.show(about, error.message);
    }
  };
}
