import { lookup } from 'node:dns/promises';
import { isIP } from 'node:net';
import type { types } from 'mediasoup';
import type { Logger } from 'pino';
import { AppError } from '../errors.ts';

/**
 * The addresses at which browsers reach the media ports, whatever addresses those are bound to: a candidate of each is
 * told to every client. Host names are looked up here, since not every browser looks up names in ICE candidates.
 */
export class AnnouncedAddresses {
  readonly #hosts: readonly string[];
  readonly #log: Logger;
  readonly #found = new Map<string, string[]>();

  private constructor(hosts: readonly string[], log: Logger) {
    this.#hosts = hosts;
    this.#log = log;
  }

  /**
   * @param hosts Addresses and host names, the best one first.
   * @throws {AppError} `unavailable` where a name has no address.
   */
  static async lookUp(hosts: readonly string[], log: Logger): Promise<AnnouncedAddresses> {
    const announced = new AnnouncedAddresses(hosts, log);
    await Promise.all(announced.#names.map((name) => announced.#lookUp(name)));
    return announced;
  }

  /** Each address once, the best one first. */
  get addresses(): string[] {
    return [...new Set(this.#hosts.flatMap((host) => this.#found.get(host) ?? host))];
  }

  /** Looks names up again: a host may have moved. What cannot be looked up now keeps its addresses. */
  async refresh(): Promise<void> {
    for (const name of this.#names) {
      const before = this.#found.get(name);
      await this.#lookUp(name).catch((error: unknown) =>
        this.#log.warn({ err: error, name }, 'not looked up'),
      );
      const now = this.#found.get(name);
      if (String(now) !== String(before))
        this.#log.info({ name, before, now }, 'the announced name has moved');
    }
  }

  /**
   * The candidates of a transport, at every announced address in place of the one that its socket is bound to.
   *
   * @see https://www.rfc-editor.org/rfc/rfc8445#section-5.1.2.1 (the local preference, which makes earlier ones better)
   */
  candidates(bound: readonly types.IceCandidate[]): types.IceCandidate[] {
    return this.addresses.flatMap((address, index) => {
      const sameFamily = bound.filter((candidate) => isIP(candidate.address) === isIP(address));
      return (sameFamily.length > 0 ? sameFamily : bound).map((candidate) => ({
        ...candidate,
        ip: address,
        address,
        foundation: `${candidate.foundation}${index}`,
        priority: best(bound, candidate.protocol) - index * 2 ** 8,
      }));
    });
  }

  get #names(): string[] {
    return this.#hosts.filter((host) => isIP(host) === 0);
  }

  async #lookUp(name: string): Promise<void> {
    try {
      const found = await lookup(name, { all: true });
      this.#found.set(name, found.map(({ address }) => address).sort());
    } catch (error) {
      throw new AppError(
        'unavailable',
        `ANNOUNCED_ADDRESS names ${name}, whose address cannot be found: ${error instanceof Error ? error.message : String(error)}. ` +
          'Correct the name, or give the address itself.',
      );
    }
  }
}

/** The best priority among candidates of a protocol: which family a socket is of makes none better. */
function best(bound: readonly types.IceCandidate[], protocol: types.TransportProtocol): number {
  return Math.max(...bound.filter((one) => one.protocol === protocol).map(({ priority }) => priority));
}
