import { MediaFlow } from './media-flow.ts';
import type { RemotePublication } from './participants.ts';

/** The interval between two checks, in ms. */
const LOOK_MS = 250;

/** Time without any media after which the path itself is looked at, in ms. Silence is sent every 400 ms (DTX). */
const QUIET_MS = 800;

/**
 * Time without a packet of any kind, in ms, after which a path carries nothing. The server answers what one sends ten times a second
 * (transport-wide congestion control); else there are only the answers to the browser's checks, one in 2.5 s.
 */
const DEAD_MS = { sending: 800, listening: 2_700 };

/**
 * Time for which another path is looked for, in ms, before the connections themselves are made anew. A browser keeps to its former path for
 * 3.5 s and more, also where a restart of ICE has found another one.
 */
const STUCK_MS = 300;

export interface ConnectionWatchOptions {
  /** The publications of the other participants. */
  publications: () => readonly RemotePublication[];
  /** The browser has found that the network path of a transport is cut. */
  isCut: () => boolean;
  /** The user's own media is sent. */
  isSending: () => boolean;
  /** Bytes that have come from the server until now, of whatever kind. */
  received: () => Promise<number>;
  /** Says whether anything comes by the network paths: where nothing does, others are to be looked for. */
  suspect: (isDead: boolean) => void;
  /** Nothing has come for so long that the browser's connections are of no use. */
  stuck: () => void;
  /** There is a network again, and it may be another one. */
  otherNetwork: () => void;
  /** Asks the server for a sign of life; without one, the connection is opened anew. */
  probe: () => void;
  changed: () => void;
}

/** Watches whether media flows: by what arrives, by the state of the transports, and by what the browser says of its network. */
export class ConnectionWatch {
  readonly #options: ConnectionWatchOptions;
  readonly #flow = new MediaFlow();
  readonly #timer: ReturnType<typeof setInterval>;
  readonly #look = () => this.look();
  readonly #onOnline = () => {
    this.#options.otherNetwork();
    this.look();
  };
  /** Bytes received when the media had stopped, and since when there have been no more, in ms. */
  #path: { bytes: number; since: number } | undefined;
  /** When other paths were looked for in vain for long enough, in ms. */
  #stuckAt: number | undefined;
  #hasProblem = false;

  constructor(options: ConnectionWatchOptions) {
    this.#options = options;
    this.#timer = setInterval(this.#look, LOOK_MS);
    addEventListener('offline', this.#look);
    addEventListener('online', this.#onOnline);
  }

  /** Nothing arrives or leaves at present. */
  get hasProblem(): boolean {
    return this.#hasProblem;
  }

  look(): void {
    const { publications, isSending, isCut, suspect, stuck, probe, changed } = this.#options;
    const flow = this.#flow.look(publications());
    // Where the media of all others stands still, they may be cut off, or oneself: then nothing else comes either.
    if (flow.silentMs > QUIET_MS) void this.#lookAtPath();
    else this.#path = undefined;
    const deadAfter = isSending() ? DEAD_MS.sending : DEAD_MS.listening;
    const isDead = this.#path !== undefined && performance.now() - this.#path.since > deadAfter;
    if (isDead || flow.silentMs < LOOK_MS) suspect(isDead);
    const hasProblem = isDead || isCut() || !navigator.onLine;
    if (hasProblem) probe();
    // With jitter: it may be the server's network, and everybody's.
    if (isDead) this.#stuckAt ??= performance.now() + STUCK_MS * (1 + Math.random() / 2);
    else this.#stuckAt = undefined;
    if (this.#stuckAt !== undefined && performance.now() > this.#stuckAt) stuck();
    if (!flow.changed && hasProblem === this.#hasProblem) return;
    this.#hasProblem = hasProblem;
    changed();
  }

  stop(): void {
    clearInterval(this.#timer);
    removeEventListener('offline', this.#look);
    removeEventListener('online', this.#onOnline);
  }

  async #lookAtPath(): Promise<void> {
    const bytes = await this.#options.received().catch(() => undefined);
    if (bytes !== undefined && this.#path?.bytes !== bytes) this.#path = { bytes, since: performance.now() };
  }
}
