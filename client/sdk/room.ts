import { enhancedEvents } from 'mediasoup-client';
import type { Participant, Permissions, TrackSource } from '../../server/protocol/model.ts';
import type { NotificationData } from '../../server/protocol/notifications.ts';
import { ConnectionWatch } from './connection-watch.ts';
import { connectionLost, type SignallingError } from './errors.ts';
import { HostTools } from './host.ts';
import { keepSeat, takeSeat } from './kept-seat.ts';
import type { Link, LinkOptions } from './link.ts';
import { LocalTracks, type LocalPublication } from './local-tracks.ts';
import type { RemoteParticipant, RemotePublication } from './participants.ts';
import type { QualityPoint } from './quality.ts';
import { QualityHistory } from './quality-history.ts';
import { Receiving } from './receiving.ts';
import { openAgain, openFirst } from './rejoining.ts';
import type { RoomEvents, RoomState } from './room-events.ts';
import { RoomNews, unknownStanding, type Standing } from './room-news.ts';
import { Roster } from './roster.ts';
import type { ScreenTracks } from './screen.ts';

/** Least time between two reconnections of media, in ms. Where a network blocks media altogether, more of them would not help. */
const BETWEEN_BEGINNINGS_MS = 60_000;

/**
 * A room that one is in: who else is there, what they publish, and what one publishes oneself. When the connection
 * breaks it comes back to the same place; where that is gone too it joins again, and goes on.
 */
export class Room extends enhancedEvents.EnhancedEventEmitter<RoomEvents> {
  readonly #options: LinkOptions;
  readonly #roster = new Roster();
  readonly #local = new LocalTracks({
    changed: () => this.#changed(),
    problem: (error) => this.safeEmit('problem', error),
    stopped: (source, why) => this.safeEmit('localTrackStopped', source, why),
  });
  readonly #receiving = new Receiving(this.#roster, {
    subscribed: (publication, track) => this.safeEmit('trackSubscribed', publication, track),
    unsubscribed: (publication) => this.safeEmit('trackUnsubscribed', publication),
    changed: () => this.#changed(),
    problem: (error) => this.safeEmit('problem', error),
  });
  readonly #quality = new QualityHistory(this.#roster, this.#local, () => this.safeEmit('qualityChanged'));
  readonly #watch = new ConnectionWatch({
    publications: () => this.#roster.publications,
    isCut: () => this.#link?.isCut ?? false,
    isSending: () => [...this.#local.publications.values()].some(({ muted }) => !muted),
    received: () => this.#link?.received() ?? Promise.resolve(0),
    suspect: (isDead) => this.#link?.suspectPaths(isDead),
    stuck: () => this.#beginAnew(),
    otherNetwork: () => this.#link?.renewPaths(),
    probe: () => this.#link?.probe(),
    changed: () => this.#changed(),
  });
  #link: Link | undefined;
  /** When the connections were last made anew, in ms. */
  #begunAnewAt = -Infinity;
  #state: RoomState = 'connecting';
  readonly #standing = unknownStanding();
  readonly #news = new RoomNews({
    standing: this.#standing,
    roster: this.#roster,
    local: this.#local,
    receiving: this.#receiving,
    quality: this.#quality,
    emit: (event, ...args) => this.safeEmit(event, ...args),
    leaveFor: (problem) => this.#leaveFor(problem),
  });
  /** What a host may do; whoever is none is refused (`forbidden`). */
  readonly host = new HostTools(
    () => this.#reachable.request,
    () => this.#hasLeft(),
  );

  private constructor(options: LinkOptions) {
    super();
    this.#options = options;
    addEventListener('pagehide', this.#onPageHide);
    addEventListener('pageshow', this.#onPageShow);
  }

  /**
   * Joins a room.
   *
   * @throws {SignallingError} with the server's reason (`room_full`, `user_limit`, ...), or `unreachable`.
   */
  static async join(options: LinkOptions): Promise<Room> {
    const room = new Room(options);
    try {
      room.#adopt(await openFirst(options, takeSeat(options)));
      return room;
    } catch (error) {
      room.#stopWatching();
      throw error;
    }
  }

  get state(): RoomState {
    return this.#state;
  }

  /**
   * Media does not flow, or the server is out of reach; noticed within three seconds (four for who sends nothing). The room reconnects by
   * itself, and `changed` tells when it has. Tracks of others that stand still are `stalled`.
   */
  get hasConnectionProblem(): boolean {
    return this.#state === 'reconnecting' || this.#watch.hasProblem;
  }

  get name(): string {
    return this.#options.room;
  }

  get displayName(): string {
    return this.#options.displayName;
  }

  /** Nobody else gets in. */
  get locked(): boolean {
    return this.#standing.locked;
  }

  /** What one may do here: it can change with one's access token. */
  get permissions(): Permissions {
    return this.#standing.permissions;
  }

  /** The others, in the order in which they came. */
  get participants(): ReadonlyMap<string, RemoteParticipant> {
    return this.#roster.participants;
  }

  /** What one publishes oneself, by source. */
  get local(): ReadonlyMap<TrackSource, LocalPublication> {
    return this.#local.publications;
  }

  /** The loudness of one's own microphone, as the room hears it: a ratio from 0 to 1. */
  get ownAudioLevel(): number {
    return this.#standing.audioLevel;
  }

  /**
   * What holds the user's slots, over all rooms, tabs and devices, and how many there are; undefined until the server has
   * told it.
   */
  get streams(): NotificationData<'streams'> | undefined {
    return this.#receiving.streams;
  }

  /** What one's own connection was like for the last minute, oldest first. */
  get ownQuality(): readonly QualityPoint[] {
    return this.#quality.own;
  }

  /** What arrived of somebody else in the last minute, oldest first; nothing is known of who is not there. */
  qualityOf(participantId: string): readonly QualityPoint[] {
    return this.#quality.of(participantId);
  }

  /** Somebody's publication is about to be received. */
  isStarting(publication: RemotePublication): boolean {
    return this.#receiving.isStarting(publication);
  }

  /** Somebody's publication could not be received. */
  hasFailed(publication: RemotePublication): boolean {
    return this.#receiving.hasFailed(publication);
  }

  /** Somebody's camera or screen is pinned: it comes first, and stays. */
  isPinned(participantId: string, source: TrackSource): boolean {
    return this.#receiving.isPinned(participantId, source);
  }

  /**
   * Pins somebody's camera or screen, or leaves it to the server again whether it is watched: then screens come first,
   * and who speaks.
   *
   * @throws {SignallingError}
   */
  setPinned(participantId: string, source: TrackSource, pinned: boolean): Promise<void> {
    return this.#receiving.setPinned(participantId, source, pinned);
  }

  /** False in a browser without WebRTC. */
  get hasMedia(): boolean {
    return this.#link?.hasMedia ?? true;
  }

  /**
   * Publishes a track; one that was published as the same source before is replaced. It is withdrawn when it ends.
   *
   * @throws {MediaError} `ended` where it has ended already.
   * @throws {SignallingError} where the server refuses it, or one is out of the room (`not_joined`), be it meanwhile: then
   *   the track is stopped.
   */
  publish(track: MediaStreamTrack, source: TrackSource): Promise<void> {
    return this.#local.publish(track, source);
  }

  /** Takes a track back and stops it, so that the camera's light goes out. */
  unpublish(source: TrackSource): Promise<void> {
    return this.#local.unpublish(source);
  }

  /**
   * Sends a screen, and its sound where one may, in place of the ones that were sent before. It ends when the browser
   * stops sharing, too.
   *
   * @throws {SignallingError} where the server refuses it, or one is out of the room (`not_joined`), be it meanwhile: then
   *   what is refused is stopped.
   */
  publishScreen({ video, audio }: ScreenTracks): Promise<void> {
    if (this.permissions.publish.includes('screen_share_audio'))
      return this.#local.publishScreen({ video, audio });
    audio?.stop();
    return this.#local.publishScreen({ video, audio: undefined });
  }

  /** Takes the screen and its sound back. */
  unpublishScreen(): Promise<void> {
    return this.#local.unpublishScreen();
  }

  /** Mutes or unmutes a published track without taking it back. */
  setMuted(source: TrackSource, muted: boolean): Promise<void> {
    return this.#local.setMuted(source, muted);
  }

  /**
   * Watches a video, and pins it. Where all the user's slots are held, one of the server's choice makes way for it; where
   * all are the user's own, the longest watched one of this tab, else of the user.
   *
   * @throws {SignallingError} where the server refuses it.
   */
  watchInstead(publication: RemotePublication): Promise<void> {
    return this.#receiving.watchInstead(publication);
  }

  /** Stops receiving what somebody publishes. */
  unsubscribe(publication: RemotePublication): Promise<void> {
    return this.#receiving.unsubscribe(publication);
  }

  /** Leaves for good, at once, and stops one's own tracks. */
  leave(): void {
    if (this.#state === 'left') return;
    this.#stopWatching();
    this.#local.stop();
    this.#receiving.detach();
    this.#roster.clear();
    this.#setState('left');
    this.#link?.close();
    this.#link = undefined;
    super.close();
  }

  /** The page is closed, loaded anew, or left for another one, and may come back (the browser's back-forward cache). */
  readonly #onPageHide = (): void => {
    if (!this.#link) return;
    const { url, room } = this.#options;
    keepSeat({ url, room, resumeToken: this.#link.joined.resumeToken });
    this.#link.goAway();
  };

  /** The page is back, perhaps from the back-forward cache, in which its socket was closed. */
  readonly #onPageShow = (): void => {
    takeSeat(this.#options);
    this.#link?.probe();
  };

  #stopWatching(): void {
    this.#watch.stop();
    removeEventListener('pagehide', this.#onPageHide);
    removeEventListener('pageshow', this.#onPageShow);
  }

  #adopt(link: Link): void {
    this.#link = link;
    link.on('notification', (notification) => this.#news.take(notification));
    link.on('statistics', (reports) => this.#quality.onStatistics(reports));
    link.on('receivingAnew', () => this.#receiving.again());
    link.on('interrupted', () => this.#setState('reconnecting'));
    link.on('resumed', ({ participants, producerIds, mutedByHost, consumerIds, permissions, room }) => {
      this.#enter({ permissions, locked: room.locked }, participants);
      this.#receiving.attach(link, consumerIds);
      for (const producerId of mutedByHost) {
        if (producerIds.includes(producerId)) this.#news.onOwnPaused(producerId);
        else this.#news.onOwnClosed(producerId);
      }
      this.#local.resume(producerIds);
      this.#setState('connected');
    });
    link.on('problem', (error) => this.safeEmit('problem', error));
    link.once('close', (problem) => {
      if (problem) this.#leaveFor(problem);
      else void this.#rejoin(link);
    });
    const { participantId, participants, permissions, room } = link.joined;
    this.#enter({ participantId, permissions, locked: room.locked }, participants);
    this.#receiving.attach(link, []);
    this.#quality.begin();
    link.start();
    this.#setState('connected');
    this.#local.attach(link);
  }

  #enter(standing: Partial<Standing>, present: Participant[]): void {
    Object.assign(this.#standing, standing);
    this.#news.tellChange(this.#roster.reconcile(present));
  }

  /** Makes both connections anew, in the same place: where UDP is blocked in mid-call, the next ones go by TCP at once. */
  #beginAnew(): void {
    const now = performance.now();
    // Out of reach, one comes back first.
    if (!this.#link?.isReachable || now - this.#begunAnewAt < BETWEEN_BEGINNINGS_MS) return;
    this.#begunAnewAt = now;
    void this.#link.giveWay();
  }

  async #rejoin(lost: Link): Promise<void> {
    if (this.#state === 'left' || lost !== this.#link) return;
    this.#link = undefined;
    this.#local.detach();
    this.#receiving.detach();
    this.#setState('reconnecting');
    const link = await openAgain(this.#options, lost.joined.resumeToken, {
      isOver: () => this.#hasLeft(),
      problem: (error) => this.safeEmit('problem', error),
    });
    if (link) this.#adopt(link);
    else this.leave();
  }

  #leaveFor(problem: SignallingError): void {
    this.safeEmit('problem', problem);
    this.leave();
  }

  get #reachable(): Link {
    if (this.#link) return this.#link;
    throw connectionLost();
  }

  #hasLeft(): boolean {
    return this.#state === 'left';
  }

  #setState(state: RoomState): void {
    if (this.#state === state || this.#state === 'left') return;
    this.#state = state;
    this.safeEmit('stateChanged', state);
    this.#changed();
  }

  #changed(): void {
    this.safeEmit('changed');
  }
}
