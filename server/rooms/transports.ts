import { EventEmitter } from 'node:events';
import type { types } from 'mediasoup';
import { AppError } from '../errors.ts';
import { answered } from '../media/answered.ts';
import type { RoutedWorker } from '../media/worker-pool.ts';
import type { Direction } from '../protocol/model.ts';
import { fromClient } from './client-input.ts';

interface TransportsEvents {
  opened: [types.WebRtcTransport, Direction];
  /** It is about to be closed: what its worker is asked now is still answered. */
  closing: [types.WebRtcTransport];
}

/** The two transports of a participant, one a direction, on the one port of the room's worker. */
export class Transports extends EventEmitter<TransportsEvents> {
  readonly #media: RoutedWorker;
  readonly #participantId: string;
  readonly #byDirection = new Map<Direction, types.WebRtcTransport>();
  #closed = false;

  constructor(media: RoutedWorker, participantId: string) {
    super();
    this.#media = media;
    this.#participantId = participantId;
  }

  get all(): types.WebRtcTransport[] {
    return [...this.#byDirection.values()];
  }

  /** The transport of a direction, if there is one. */
  of(direction: Direction): types.WebRtcTransport | undefined {
    return this.#byDirection.get(direction);
  }

  /** @throws {AppError} `not_found` */
  get(transportId: string): types.WebRtcTransport {
    const transport = this.all.find(({ id }) => id === transportId);
    if (!transport) throw new AppError('not_found', `You have no transport ${transportId}.`);
    return transport;
  }

  /**
   * @throws {AppError} `too_many` where there is one already; `not_found` where the participant left meanwhile;
   *   `unavailable` where the worker does not answer.
   */
  async create(direction: Direction): Promise<types.WebRtcTransport> {
    if (this.#byDirection.has(direction)) {
      throw new AppError('too_many', `There is a ${direction} transport already. Close it first.`, {
        limit: 1,
      });
    }
    const { router, webRtcServer } = this.#media;
    const transport = await answered(
      router.createWebRtcTransport({
        webRtcServer,
        preferUdp: true,
        initialAvailableOutgoingBitrate: 1_000_000,
        appData: { participantId: this.#participantId, direction },
      }),
    );
    if (this.#closed || transport.closed || this.#byDirection.has(direction)) {
      transport.close();
      throw new AppError('not_found', `The ${direction} transport is not needed any more.`);
    }
    this.#byDirection.set(direction, transport);
    transport.observer.once('close', () => this.#byDirection.delete(direction));
    transport.on('dtlsstatechange', (state) => {
      if (state === 'failed' || state === 'closed') this.#end(transport);
    });
    this.emit('opened', transport, direction);
    return transport;
  }

  /** @throws {AppError} `not_found`, `bad_request` where mediasoup refuses the parameters or it is connected already. */
  async connect(transportId: string, dtlsParameters: types.DtlsParameters): Promise<void> {
    const transport = this.get(transportId);
    if (transport.dtlsState !== 'new') {
      throw new AppError('bad_request', `Transport ${transportId} is connected already.`);
    }
    await fromClient('DTLS parameters', () => transport.connect({ dtlsParameters }));
  }

  /** New ICE credentials for a transport whose network changed. @throws {AppError} `not_found` */
  async restartIce(transportId: string): Promise<types.IceParameters> {
    const transport = this.get(transportId);
    return fromClient('transport', () => transport.restartIce());
  }

  /** Ends one, with everything on it. @throws {AppError} `not_found` */
  end(transportId: string): void {
    this.#end(this.get(transportId));
  }

  /** Ends them all, with everything on them. None can be made any more. */
  close(): void {
    this.#closed = true;
    for (const transport of this.all) this.#end(transport);
  }

  #end(transport: types.WebRtcTransport): void {
    if (transport.closed) return;
    this.emit('closing', transport);
    transport.close();
  }
}
