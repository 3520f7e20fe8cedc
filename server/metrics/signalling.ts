import { Counter, type Registry } from 'prom-client';
import type { ErrorCode } from '../protocol/errors.ts';
import { methods } from '../protocol/methods.ts';
import { counter, gauge, PREFIX } from './definitions.ts';

/** The WebSockets, and what is asked over them. */
export class SignallingMetrics {
  readonly #requests: Counter<'method' | 'outcome'>;

  /** @param connections How many WebSockets are open. */
  constructor(registry: Registry, connections: () => number, sockets: { readonly refused: number }) {
    gauge(registry, {
      name: 'signalling_connections',
      help: 'WebSockets that are open, also of clients that have joined no room.',
      read: connections,
    });
    counter(registry, {
      name: 'sockets_refused_total',
      help: 'WebSockets that were refused because as many were open from their address as may be (SOCKETS_PER_ADDRESS).',
      read: () => sockets.refused,
    });
    this.#requests = new Counter({
      name: `${PREFIX}signalling_requests_total`,
      help: 'Requests over WebSockets that were answered, by method (unknown: none of the protocol’s) and outcome: ok, or the code of the error.',
      labelNames: ['method', 'outcome'],
      registers: [registry],
    });
    // From 0, so that the first bug is an increase too.
    for (const method of Object.keys(methods)) this.#requests.inc({ method, outcome: 'internal' }, 0);
  }

  /** @param method As the client wrote it; undefined where that cannot be read. */
  answered(method: string | undefined, outcome: ErrorCode | 'ok'): void {
    const known = method !== undefined && Object.hasOwn(methods, method);
    this.#requests.inc({ method: known ? method : 'unknown', outcome });
  }
}
