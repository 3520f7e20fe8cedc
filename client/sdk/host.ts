import type { TrackSource } from '../../server/protocol/model.ts';
import type { Signalling } from './signalling.ts';

/**
 * What a host may do: somebody whose `permissions.admin` is true.
 *
 * Every method throws {SignallingError}: `forbidden` for who is no host, `not_found` for who has left, `unreachable`.
 */
export class HostTools {
  readonly #request: () => Signalling['request'];

  /** @param request What asks the server over the connection that there is now. */
  constructor(request: () => Signalling['request']) {
    this.#request = request;
  }

  /** Mutes what somebody says, or ends the videos that are named. They can switch them on again. */
  async muteParticipant(participantId: string, sources: TrackSource[] = ['microphone']): Promise<void> {
    await this.#request()('muteParticipant', { participantId, sources });
  }

  /** Puts somebody out of the room; they cannot come back with the token, or as the guest, that they came with. */
  async removeParticipant(participantId: string): Promise<void> {
    await this.#request()('removeParticipant', { participantId });
  }

  /** Lets nobody else in, or lets them in again. */
  async setLocked(locked: boolean): Promise<void> {
    await this.#request()('updateRoom', { locked });
  }

  /** Ends the call of everybody. */
  async closeForAll(): Promise<void> {
    await this.#request()('closeRoom', {});
  }
}
