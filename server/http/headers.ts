import helmet from '@fastify/helmet';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';

/** Half a year, in seconds. */
const HSTS_MAX_AGE = 182 * 24 * 60 * 60;

/** What pages and the frames in them may use of the machine: what a call needs, for this origin alone. */
const PERMISSIONS = [
  ...['camera', 'microphone', 'display-capture'].map((one) => `${one}=(self)`),
  ...['geolocation', 'payment', 'usb'].map((one) => `${one}=()`),
].join(', ');

/**
 * The headers that browsers protect people by, on every answer. Scripts come from files of this origin alone.
 *
 * @param frameAncestors Who may show the pages in a frame: origins, `self`, `none` or `*`.
 */
export async function registerHeaders(app: FastifyInstance, frameAncestors: string[]): Promise<void> {
  await app.register(helmet, {
    contentSecurityPolicy: {
      useDefaults: false,
      directives: {
        'default-src': ["'self'"],
        'script-src': ["'self'"],
        'style-src': ["'self'"],
        'img-src': ["'self'", 'data:'],
        'media-src': ["'self'", 'blob:'],
        'connect-src': ["'self'", ({ headers }) => socketsOf(headers.host)],
        'object-src': ["'none'"],
        'base-uri': ["'none'"],
        'form-action': ["'self'"],
        'frame-ancestors': frameAncestors.map((one) => (/^(self|none)$/.test(one) ? `'${one}'` : one)),
      },
    },
    // Says less than frame-ancestors, and would contradict it.
    xFrameOptions: false,
    // Only where it came by TLS, below.
    strictTransportSecurity: false,
    referrerPolicy: { policy: 'no-referrer' },
  });
  app.addHook('onRequest', async (request, reply) => {
    void reply.header('permissions-policy', PERMISSIONS);
    if (isSecure(request)) void reply.header('strict-transport-security', `max-age=${HSTS_MAX_AGE}`);
  });
}

/** What an API says of somebody is for them alone, and asked for anew each time; an ETag spares its transfer. */
export function keepPrivate(_request: FastifyRequest, reply: FastifyReply, done: () => void): void {
  void reply.header('cache-control', 'private, no-cache');
  done();
}

const isSecure = ({ protocol }: FastifyRequest): boolean => protocol === 'https';

/** The signalling's own origin: in Safari before 15.4 'self' is not for WebSockets. */
function socketsOf(host: string | undefined): string {
  return host !== undefined && /^[\w.:[\]-]+$/.test(host) ? `ws://${host} wss://${host}` : "'self'";
}
