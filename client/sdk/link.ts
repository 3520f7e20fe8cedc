import { detectDeviceAsync, Device, enhancedEvents, type types } from 'mediasoup-client';
import type { Consumer as ConsumerOffer, Direction, TrackSource } from '../../server/protocol/model.ts';
import type { Result } from '../../server/protocol/methods.ts';
import type { Notification } from '../../server/protocol/notifications.ts';
import { SignallingError } from './errors.ts';
import { forMediasoupClient } from './mediasoup-types.ts';
import { sending } from './publishing.ts';
import { Signalling } from './signalling.ts';

export interface LinkOptions {
  /** The signalling's address, `ws:` or `wss:`. */
  url: string;
  room: string;
  displayName: string;
}

type LinkEvents = {
  notification: [Notification];
  /** Whether media gets through on a transport. */
  transportState: [direction: Direction, state: types.ConnectionState];
  close: [code: number];
};

/** Time that a cut path may take to heal by itself before it is looked for anew, in ms. */
const ICE_RESTART_MS = 3_000;

/**
 * One connection to a room, from its socket to its end: signalling, the mediasoup device and its two transports.
 * A `Room` makes a new one when it has to connect again.
 */
export class Link extends enhancedEvents.EnhancedEventEmitter<LinkEvents> {
  readonly userId: string;
  readonly joined: Result<'join'>;
  readonly #signalling: Signalling;
  readonly #transports: Partial<Record<Direction, types.Transport>> = {};
  /** What the server told before somebody listens. */
  #early: Notification[] | undefined;
  #closed = false;

  private constructor(signalling: Signalling, userId: string, joined: Result<'join'>, early: Notification[]) {
    super();
    this.#signalling = signalling;
    this.userId = userId;
    this.joined = joined;
    this.#early = early;
    signalling.on('notification', (notification) => this.#onNotification(notification));
    signalling.once('close', (code) => this.#end(code));
  }

  /**
   * Connects and joins. Both transports are asked for together with the join, so that it takes one round trip.
   *
   * @throws {SignallingError} with the server's reason, or `unreachable`.
   */
  static async open({ url, room, displayName }: LinkOptions): Promise<Link> {
    const { signalling, hello } = await Signalling.open(url);
    const early: Notification[] = [];
    const keep = (notification: Notification) => early.push(notification);
    signalling.on('notification', keep);
    try {
      const device = await loadDevice(hello.routerRtpCapabilities);
      const capabilities = device ? { rtpCapabilities: device.recvRtpCapabilities } : {};
      const [joined, send, recv] = await Promise.all([
        signalling.request('join', { room, displayName, ...capabilities }),
        device && signalling.request('createTransport', { direction: 'send' }),
        device && signalling.request('createTransport', { direction: 'recv' }),
      ]);
      signalling.off('notification', keep);
      const link = new Link(signalling, hello.userId, joined, early);
      if (device && send && recv) {
        link.#adopt('send', device.createSendTransport(forMediasoupClient(send)));
        link.#adopt('recv', device.createRecvTransport(forMediasoupClient(recv)));
      }
      return link;
    } catch (error) {
      signalling.close();
      throw error;
    }
  }

  /** False in a browser without WebRTC: one sees who is there, and nothing more. */
  get hasMedia(): boolean {
    return this.#transports.recv !== undefined;
  }

  /** Begins to pass on what the server tells; to be called once listeners are attached. */
  start(): void {
    const early = this.#early ?? [];
    this.#early = undefined;
    for (const notification of early) this.#onNotification(notification);
  }

  get request(): Signalling['request'] {
    return this.#signalling.request.bind(this.#signalling);
  }

  /** Sends a track. @throws {SignallingError} where the server refuses it. */
  async publish(track: MediaStreamTrack, source: TrackSource): Promise<types.Producer> {
    return this.#transport('send').produce({
      track,
      ...sending[source],
      stopTracks: false,
      appData: { source },
    });
  }

  /** Receives a producer of somebody else; it plays from the moment that this resolves. */
  async subscribe(producerId: string): Promise<types.Consumer> {
    const transport = this.#transport('recv');
    const offer: ConsumerOffer = await this.#signalling.request('consume', { producerId });
    const consumer = await transport.consume(forMediasoupClient(offer));
    await this.#signalling.request('resumeConsumer', { consumerId: offer.id });
    return consumer;
  }

  /** Ends everything. With code 1000 the server knows that one left for good. */
  override close(code = 1000): void {
    if (!this.#closed) this.#signalling.close(code);
  }

  #transport(direction: Direction): types.Transport {
    const transport = this.#transports[direction];
    if (!transport) throw new SignallingError('cannot_consume', 'This browser has no WebRTC.');
    return transport;
  }

  #adopt(direction: Direction, transport: types.Transport): void {
    this.#transports[direction] = transport;
    transport.on('connect', ({ dtlsParameters }, done, fail) => {
      this.#signalling
        .request('connectTransport', { transportId: transport.id, dtlsParameters })
        .then(done, fail);
    });
    transport.on('produce', ({ kind, rtpParameters, appData }, done, fail) => {
      const source = appData['source'] as TrackSource;
      this.#signalling
        .request('produce', { transportId: transport.id, kind, source, rtpParameters })
        .then(({ producerId }) => done({ id: producerId }), fail);
    });
    this.#healWhenCut(direction, transport);
  }

  #healWhenCut(direction: Direction, transport: types.Transport): void {
    let timer: ReturnType<typeof setTimeout> | undefined;
    transport.on('connectionstatechange', (state) => {
      clearTimeout(timer);
      if (state === 'disconnected')
        timer = setTimeout(() => void this.#restartIce(transport), ICE_RESTART_MS);
      if (state === 'failed') void this.#restartIce(transport);
      this.safeEmit('transportState', direction, state);
    });
    transport.observer.once('close', () => clearTimeout(timer));
  }

  async #restartIce(transport: types.Transport): Promise<void> {
    try {
      const { iceParameters } = await this.#signalling.request('restartIce', { transportId: transport.id });
      await transport.restartIce({ iceParameters });
    } catch {
      this.#signalling.close(4000);
    }
  }

  #onNotification(notification: Notification): void {
    if (this.#closed) return;
    if (this.#early) this.#early.push(notification);
    else this.safeEmit('notification', notification);
  }

  #end(code: number): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#transports.send?.close();
    this.#transports.recv?.close();
    this.safeEmit('close', code);
    super.close();
  }
}

async function loadDevice(routerRtpCapabilities: unknown): Promise<Device | undefined> {
  if (typeof RTCPeerConnection === 'undefined') return undefined;
  const handlerName = await detectDeviceAsync();
  if (!handlerName) return undefined;
  const device = await Device.factory({ handlerName });
  await device.load({ routerRtpCapabilities: routerRtpCapabilities as types.RtpCapabilities });
  return device;
}
