import { enhancedEvents } from 'mediasoup-client';
import type { Request, Response } from '../../server/protocol/envelope.ts';
import type { ErrorBody } from '../../server/protocol/errors.ts';
import type { Method, Params, Result } from '../../server/protocol/methods.ts';
import type { Notification, NotificationData } from '../../server/protocol/notifications.ts';
import { whyRefused } from './access.ts';
import { SignallingError } from './errors.ts';

/** Time that an answer may take, in ms. */
const ANSWER_MS = 10_000;

interface Pending {
  resolve: (data: unknown) => void;
  reject: (error: SignallingError) => void;
  timer: ReturnType<typeof setTimeout>;
}

type SignallingEvents = {
  /** The socket ended; nothing can be asked any more. */
  close: [code: number, reason: string];
  /** A request had no answer in time, while the socket seems to be alive. */
  unanswered: [];
};

/**
 * The signalling over one WebSocket: requests with their answers, and what the server tells by itself. Requests may be
 * sent one after another without waiting: the server answers them in order.
 */
export class Signalling extends enhancedEvents.EnhancedEventEmitter<SignallingEvents> {
  readonly #socket: WebSocket;
  readonly #pending = new Map<number, Pending>();
  /** What the server told before anybody listened. */
  #early: Notification[] = [];
  #listener: ((notification: Notification) => void) | undefined;
  #nextId = 1;

  private constructor(socket: WebSocket) {
    super();
    this.#socket = socket;
    socket.addEventListener('message', ({ data }) => this.#receive(String(data)));
    socket.addEventListener('close', ({ code, reason }) => this.#end(code, reason));
  }

  /**
   * Opens the socket and waits for the server's greeting.
   *
   * @param withinMs Time that it may take.
   * @throws {SignallingError} with the server's reason, or `unreachable`.
   */
  static open(
    url: string,
    withinMs = ANSWER_MS,
  ): Promise<{ signalling: Signalling; hello: NotificationData<'hello'> }> {
    return new Promise((resolve, reject) => {
      const signalling = new Signalling(new WebSocket(url));
      const timer = setTimeout(() => signalling.close(), withinMs);
      const onClose = () => {
        clearTimeout(timer);
        void whyRefused(url).then(reject);
      };
      signalling.once('close', onClose);
      signalling.deliver((first) => {
        clearTimeout(timer);
        signalling.#listener = undefined;
        if (first.event !== 'hello') {
          signalling.close();
          return;
        }
        signalling.off('close', onClose);
        resolve({ signalling, hello: first.data });
      });
    });
  }

  get isOpen(): boolean {
    return this.#socket.readyState === WebSocket.OPEN;
  }

  /** Hands every notification to `listener`, first those that came before. */
  deliver(listener: (notification: Notification) => void): void {
    this.#listener = listener;
    for (const notification of this.#early.splice(0)) listener(notification);
  }

  /**
   * Calls a method of the server.
   *
   * @param withinMs Time that the answer may take.
   * @throws {SignallingError} with the server's error code, or `unreachable` where no answer came.
   */
  request<M extends Method>(method: M, data: Params<M>, withinMs = ANSWER_MS): Promise<Result<M>> {
    return new Promise<unknown>((resolve, reject) => {
      const id = this.#nextId++;
      const fail = (message: string) => reject(new SignallingError('unreachable', message));
      if (this.#socket.readyState !== WebSocket.OPEN) {
        fail('The connection to the server has ended.');
        return;
      }
      const timer = setTimeout(() => {
        this.#pending.delete(id);
        fail(`The server did not answer ${method} within ${withinMs / 1000} s.`);
        this.safeEmit('unanswered');
      }, withinMs);
      this.#pending.set(id, { resolve, reject, timer });
      this.#socket.send(JSON.stringify({ id, method, data } satisfies Request));
    }) as Promise<Result<M>>;
  }

  /** Ends the socket. @param code 1000 when one leaves for good (RFC 6455, section 7.4). */
  override close(code = 1000): void {
    this.#socket.close(code);
    this.#end(code, '');
  }

  #receive(frame: string): void {
    const message = JSON.parse(frame) as Response | Notification;
    if ('event' in message) {
      if (this.#listener) this.#listener(message);
      else this.#early.push(message);
      return;
    }
    const pending = message.id === null ? undefined : this.#pending.get(message.id);
    if (!pending || message.id === null) return;
    this.#pending.delete(message.id);
    clearTimeout(pending.timer);
    if (message.ok) pending.resolve(message.data);
    else pending.reject(fromBody(message.error));
  }

  #end(code: number, reason: string): void {
    for (const { reject, timer } of this.#pending.values()) {
      clearTimeout(timer);
      reject(new SignallingError('unreachable', 'The connection to the server has ended.'));
    }
    this.#pending.clear();
    this.safeEmit('close', code, reason);
    super.close();
  }
}

function fromBody({ code, message, ...detail }: ErrorBody): SignallingError {
  return new SignallingError(code, message, detail);
}
