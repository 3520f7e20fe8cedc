import type { TrackSource } from '../../server/protocol/model.ts';
import { SignallingError } from './errors.ts';
import type { Signalling } from './signalling.ts';

/**
 * What a host may do: somebody whose `permissions.admin` is true.
 *
 * Every method throws {SignallingError}: `forbidden` for who is no host, `unreachable`. Who has just left counts as muted
 * and removed.
 */
export class HostTools {
  readonly #request: () => Signalling['request'];
  readonly #hasLeft: () => boolean;

  /**
   * @param request What asks the server over the connection that there is now.
   * @param hasLeft Whether one is out of the room.
   */
  constructor(request: () => Signalling['request'], hasLeft: () => boolean) {
    this.#request = request;
    this.#hasLeft = hasLeft;
  }

  /** Mutes what somebody says, or ends the videos that are named. They can switch them on again. */
  async muteParticipant(participantId: string, sources: TrackSource[] = ['microphone']): Promise<void> {
    await unlessGone(this.#request()('muteParticipant', { participantId, sources }));
  }

  /** Puts somebody out of the room; they cannot come back with the token, or as the guest, that they came with. */
  async removeParticipant(participantId: string): Promise<void> {
    await unlessGone(this.#request()('removeParticipant', { participantId }));
  }

  /** Lets nobody else in, or lets them in again. */
  async setLocked(locked: boolean): Promise<void> {
    await this.#request()('updateRoom', { locked });
  }

  /** Ends the call of everybody. */
  async closeForAll(): Promise<void> {
    const request = this.#request();
    try {
      await request('closeRoom', {});
    } catch (error) {
      // It ends for oneself, too, and mostly before the answer is there.
      if (!this.#hasLeft()) throw error;
    }
  }
}

/** Done is also what there is nobody left for. */
async function unlessGone(asked: Promise<unknown>): Promise<void> {
  try {
    await asked;
  } catch (error) {
    if (!(error instanceof SignallingError && error.code === 'not_found')) throw error;
  }
}
