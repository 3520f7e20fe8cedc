import { enhancedEvents, type types } from 'mediasoup-client';
import type { Direction, TrackSource, Transport } from '../../server/protocol/model.ts';
import type { Method, Params, Result } from '../../server/protocol/methods.ts';
import { withToken, type TokenSource } from './access.ts';
import { backOff } from './back-off.ts';
import { connectionLost, isPassing, isUnreachable, SignallingError } from './errors.ts';
import { deviceId } from './device-id.ts';
import { IceRestarting } from './ice-restarting.ts';
import { Inbound } from './inbound.ts';
import type { LinkEvents } from './link-events.ts';
import { loadDevice } from './load-device.ts';
import { forMediasoupClient } from './mediasoup-types.ts';
import { sending } from './publishing.ts';
import { Signalling } from './signalling.ts';
import { StatsReporting } from './stats-reporting.ts';
import { TokenRefreshing } from './token-refreshing.ts';
import { passOn, produce } from './transport-requests.ts';
import { untilOnline } from './until-online.ts';

export interface LinkOptions {
  /** The signalling's address, `ws:` or `wss:`. */
  url: string;
  /** Who one is; without it, a guest. */
  token?: TokenSource;
  room: string;
  displayName: string;
  /** `relay` sends and receives media through the TURN server alone (default: `all`, the best way that works). */
  iceTransportPolicy?: RTCIceTransportPolicy;
  /** The WebRTC implementation, where mediasoup-client does not detect one (React Native, a test without a browser). */
  handlerFactory?: types.HandlerFactory;
}

/** One join, be it asked for several times. */
export interface Joining {
  joinId: string;
  resumeToken?: string | undefined;
}

/** Waits between the tries to come back to one's place, in ms. */
const RESUME = { firstMs: 500, mostMs: 2_000 };

/** Time after which one's place is given up, in ms: the server keeps it no longer (`RESUME_GRACE_MS`, by default). */
const GIVE_UP_MS = 30_000;

/** Time that opening a socket may take while reconnecting, in ms. On a network that has just come back, a new try is quicker than an old one. */
const GREETING_MS = 2_500;

/** Time that an answer may take while media does not flow, in ms: then the signalling counts as broken too. */
const ANSWER_MS = 1_000;

/** Close code of ours: the connection is given up, the place is not. */
const BROKEN = 4000;
/** Close code: the server has closed the room. @see server/protocol/README.md */
const PLACE_IS_LOST = 4010;
/** Close code: the access token has ended. */
const TOKEN_ENDED = 4011;

/**
 * One place in a room, from joining to its end: the mediasoup device, its two transports, and the signalling, which is
 * opened anew when it breaks. A `Room` makes a new link when its place is gone.
 */
export class Link extends enhancedEvents.EnhancedEventEmitter<LinkEvents> {
  readonly joined: Result<'join'>;
  readonly #options: LinkOptions;
  #signalling: Signalling;
  readonly #transports: Partial<Record<Direction, types.Transport>> = {};
  readonly #paths: Partial<Record<Direction, IceRestarting>> = {};
  readonly #refreshing: TokenRefreshing;
  #inbound: Inbound | undefined;
  #reporting: StatsReporting | undefined;
  #probing = false;
  #closed = false;

  private constructor(signalling: Signalling, options: LinkOptions, joined: Result<'join'>) {
    super();
    this.#signalling = signalling;
    this.#options = options;
    this.joined = joined;
    this.#refreshing = new TokenRefreshing({
      token: options.token,
      isIn: (signalling) => !this.#closed && signalling === this.#signalling,
      problem: (error) => this.safeEmit('problem', error),
    });
  }

  /**
   * Connects and joins. Both transports are asked for together with the join, so that it takes one round trip.
   *
   * @param joining.joinId The same where one asks once more because no answer came: it is one join then.
   * @param joining.resumeToken Of the place that one had before, which is gone: to come back to the room is not to join it once more.
   * @throws {SignallingError} with the server's reason, or `unreachable`.
   */
  static async open(options: LinkOptions, { joinId, resumeToken }: Joining): Promise<Link> {
    const { url, token, room, displayName, handlerFactory } = options;
    const { signalling, hello } = await Signalling.open(await withToken(url, token));
    try {
      const device = await loadDevice(hello.routerRtpCapabilities, handlerFactory);
      const more = {
        ...(device && { rtpCapabilities: device.recvRtpCapabilities }),
        ...(resumeToken !== undefined && { resumeToken }),
      };
      const [joined, send, recv] = await Promise.all([
        signalling.request('join', { room, displayName, joinId, deviceId: deviceId(), ...more }),
        device && signalling.request('createTransport', { direction: 'send' }),
        device && signalling.request('createTransport', { direction: 'recv' }),
      ]);
      const link = new Link(signalling, options, joined);
      if (device && send && recv) link.#open(device, send, recv);
      link.#refreshing.within(signalling, hello.expiresInMs);
      return link;
    } catch (error) {
      signalling.close();
      throw error;
    }
  }

  #open(device: types.Device, send: Transport, recv: Transport): void {
    const { iceTransportPolicy = 'all' } = this.#options;
    const { iceServers, statsIntervalMs } = this.joined;
    const request: Signalling['request'] = (method, data) => this.#signalling.request(method, data);
    const reporting = new StatsReporting({
      request,
      read: (reports) => this.safeEmit('statistics', reports),
      interval: statsIntervalMs,
    });
    this.#reporting = reporting;
    const make = (direction: Direction, given: types.TransportOptions) => {
      const options = { iceServers, ...given, iceTransportPolicy };
      const transport =
        direction === 'send' ? device.createSendTransport(options) : device.createRecvTransport(options);
      this.#adopt(direction, transport);
      reporting.add(transport);
      return transport;
    };
    make('send', forMediasoupClient(send));
    this.#inbound = new Inbound({
      transport: make('recv', forMediasoupClient(recv)),
      capabilities: device.recvRtpCapabilities,
      make: (options) => make('recv', options),
      request,
      back: () => this.#back(),
      onReplaced: () => this.safeEmit('receivingAnew'),
      onLost: () => this.close(),
    });
  }

  /** False in a browser without WebRTC: one sees who is there, and nothing more. */
  get hasMedia(): boolean {
    return this.#transports.recv !== undefined;
  }

  /** The network path of a transport is cut. */
  get isCut(): boolean {
    return Object.values(this.#paths).some(({ isCut }) => isCut);
  }

  /** False while the signalling is broken; `resumed` tells when it is back. */
  get isReachable(): boolean {
    return this.#signalling.isOpen;
  }

  /** Begins to pass on what the server tells; to be called once listeners are attached. */
  start(): void {
    this.#listenTo(this.#signalling);
  }

  get request(): Signalling['request'] {
    return this.#signalling.request.bind(this.#signalling);
  }

  /** Sends a track. @throws {SignallingError} where the server refuses it. */
  async publish(track: MediaStreamTrack, source: TrackSource): Promise<types.Producer> {
    const { send } = this.#transports;
    if (!send) throw new SignallingError('cannot_consume', 'This browser has no WebRTC.');
    return produce(send, source, { track, ...sending[source] });
  }

  /** What arrives. @throws {SignallingError} `cannot_consume` in a browser without WebRTC. */
  get inbound(): Inbound {
    if (this.#inbound) return this.#inbound;
    throw new SignallingError('cannot_consume', 'This browser has no WebRTC.');
  }

  /** Ends everything, and the server knows that one left for good. */
  override close(): void {
    if (this.#closed) return;
    // First the end: a signalling that closes while the link goes on would be taken for a broken one.
    this.#end();
    this.#signalling.close();
  }

  /** Ends this link alone, so that another one takes its place in the room. Where the server does not answer, it goes on. */
  async giveWay(): Promise<void> {
    const signalling = this.#signalling;
    try {
      await this.#askSoon('ping', {});
    } catch {
      return;
    }
    this.#end();
    signalling.close(BROKEN);
  }

  #adopt(direction: Direction, transport: types.Transport): void {
    this.#transports[direction] = transport;
    passOn(transport, {
      request: (method, data) => this.#signalling.request(method, data),
      back: () => this.#back(),
    });
    this.#paths[direction] = new IceRestarting({
      transport,
      ask: () => this.#askSoon('restartIce', { transportId: transport.id }),
      lost: () => this.close(),
    });
  }

  /** Bytes that have come by the paths of both transports, media or not. */
  async received(): Promise<number> {
    const reports = await Promise.all(
      Object.values(this.#transports).map((transport) => transport.getStats()),
    );
    let bytes = 0;
    for (const report of reports) {
      report.forEach((stat: { type: string; bytesReceived?: number }) => {
        if (stat.type === 'candidate-pair') bytes += stat.bytesReceived ?? 0;
      });
    }
    return bytes;
  }

  /** The page is being left: the server keeps the place for as long as it takes to load it again. */
  goAway(): void {
    this.#signalling.request('away', {}).catch(() => undefined);
  }

  /** Says whether anything comes by the network paths. Where nothing does, others are looked for at once. */
  suspectPaths(isSuspect: boolean): void {
    for (const path of Object.values(this.#paths)) path.suspect(isSuspect);
  }

  /** Looks for other network paths at once. */
  renewPaths(): void {
    for (const path of Object.values(this.#paths)) path.renew();
  }

  /** Asks for a sign of life: without one, the signalling is opened anew, and ICE restarted. */
  probe(): void {
    if (this.#probing || !this.isReachable) return;
    this.#probing = true;
    this.#askSoon('ping', {})
      .catch(() => undefined)
      .finally(() => (this.#probing = false));
  }

  /** @throws {SignallingError} `unreachable` where no answer comes soon: then the signalling is opened anew. */
  async #askSoon<M extends Method>(method: M, params: Params<M>): Promise<Result<M>> {
    const signalling = this.#signalling;
    try {
      return await signalling.request(method, params, ANSWER_MS);
    } catch (error) {
      if (isUnreachable(error)) signalling.close(BROKEN);
      throw error;
    }
  }

  /** Waits until the signalling, which is broken, is back. @throws {SignallingError} where it does not come back. */
  #back(): Promise<void> {
    return new Promise((resolve, reject) => {
      const onClose = () => reject(connectionLost());
      if (this.#closed) onClose();
      this.once('close', onClose);
      this.once('resumed', () => {
        this.off('close', onClose);
        resolve();
      });
    });
  }

  #listenTo(signalling: Signalling): void {
    this.#signalling = signalling;
    signalling.once('close', (code, reason) => {
      if (this.#closed || signalling !== this.#signalling) return;
      if (code === PLACE_IS_LOST) this.#end();
      else if (code === TOKEN_ENDED)
        this.#end(new SignallingError('unauthorized', `You are out: ${reason}.`));
      else void this.#resume();
    });
    // What was asked may have been done or not: coming back tells. At most once in the time that an answer may take.
    signalling.once('unanswered', () => signalling.close(BROKEN));
    signalling.deliver((notification) => this.safeEmit('notification', notification));
  }

  async #resume(): Promise<void> {
    this.safeEmit('interrupted');
    const giveUpAt = performance.now() + GIVE_UP_MS;
    for (let failures = 0; performance.now() < giveUpAt; failures += 1) {
      if (failures > 0) await untilOnline(backOff(failures, RESUME));
      if (this.#hasEnded()) return;
      try {
        await this.#comeBack();
        return;
      } catch (error) {
        // The place may be there still.
        if (!isUnreachable(error) && !isPassing(error)) break;
      }
    }
    this.#end();
  }

  async #comeBack(): Promise<void> {
    const { url, token } = this.#options;
    const { signalling, hello } = await Signalling.open(await withToken(url, token), GREETING_MS);
    try {
      const result = await signalling.request('resume', { resumeToken: this.joined.resumeToken });
      if (this.#hasEnded()) {
        signalling.close();
        return;
      }
      this.#signalling = signalling;
      this.#refreshing.within(signalling, hello.expiresInMs);
      this.safeEmit('resumed', result);
      this.#listenTo(signalling);
      for (const path of Object.values(this.#paths)) path.again();
    } catch (error) {
      signalling.close(BROKEN);
      throw error;
    }
  }

  #hasEnded(): boolean {
    return this.#closed;
  }

  #end(problem?: SignallingError): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#refreshing.stop();
    this.#reporting?.stop();
    this.#transports.send?.close();
    this.#inbound?.close();
    this.safeEmit('close', problem);
    super.close();
  }
}
