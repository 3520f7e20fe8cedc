import { Histogram, type Registry } from 'prom-client';
import { PREFIX } from './definitions.ts';

const METHODS = ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS'];

/** In seconds. */
const DURATIONS = [0.005, 0.02, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 10];

export interface AnsweredRequest {
  method: string;
  /** The route's pattern, never the path; undefined where there is none. */
  route: string | undefined;
  status: number;
  seconds: number;
}

/** How long HTTP requests took. */
export class Requests {
  readonly #durations: Histogram<'method' | 'route' | 'status'>;

  constructor(registry: Registry) {
    this.#durations = new Histogram({
      name: `${PREFIX}http_request_duration_seconds`,
      help: 'Time until the answers of HTTP requests were sent, by method, pattern of the route (none: nothing is there) and class of the status (2xx).',
      labelNames: ['method', 'route', 'status'],
      buckets: DURATIONS,
      registers: [registry],
    });
  }

  answered({ method, route = 'none', status, seconds }: AnsweredRequest): void {
    this.#durations.observe(
      {
        method: METHODS.includes(method) ? method : 'other',
        route,
        status: `${Math.floor(status / 100)}xx`,
      },
      seconds,
    );
  }
}
