import rateLimit from '@fastify/rate-limit';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import type { Logger } from 'pino';
import { isPrivateAddress } from '../addresses.ts';

declare module 'fastify' {
  interface FastifyRequest {
    /** Where it comes from. Every bound by address counts by this. */
    clientAddress: ClientAddress;
  }
}

/** Where somebody is, as far as bounds go. */
export interface ClientAddress {
  /** What counts together: an IPv4 address, a network of IPv6 (/64), or everybody behind a proxy that is not trusted. */
  key: string;
  /** False behind such a proxy: its people cannot be told apart, so no bound by address holds for them. */
  bounded: boolean;
}

type Sender = Pick<FastifyRequest, 'headers' | 'ip' | 'ips' | 'socket'>;

/**
 * Finds out where each request comes from. The first one that a proxy forwards which TRUST_PROXY does not name is told in the
 * log: once for a peer at a private address, for whom no bounds hold, and once for one on the internet, for whom they do.
 */
export function registerClientAddress(app: FastifyInstance, log: Logger): void {
  app.decorateRequest('clientAddress', {
    getter() {
      return clientAddressOf(this);
    },
  });
  const told = new Set<boolean>();
  app.addHook('onRequest', (request, _reply, next) => {
    if (isForwardedInVain(request)) {
      const { bounded } = request.clientAddress;
      if (!told.has(bounded)) {
        told.add(bounded);
        log.warn({ peer: request.socket.remoteAddress }, bounded ? FORWARDED_FROM_AFAR : UNTRUSTED_PROXY);
      }
    }
    next();
  });
}

const UNTRUSTED_PROXY =
  'a peer that TRUST_PROXY does not name sends X-Forwarded-For: if it is your proxy, set TRUST_PROXY to its address. Until then no limits by address hold for whoever comes through it';
const FORWARDED_FROM_AFAR =
  'a peer on the internet that TRUST_PROXY does not name sends X-Forwarded-For: if it is your proxy, set TRUST_PROXY to its address. Until then whoever comes through it counts as one address';

function clientAddressOf(request: Sender): ClientAddress {
  const ip = ipOf(request);
  const key = rateLimit.normalizeIP(ip);
  // On the internet anybody could get rid of the bounds by sending the header.
  const isProxy = isForwardedInVain(request) && isPrivateAddress(ip);
  return isProxy ? { key: `proxy ${key}`, bounded: false } : { key, bounded: true };
}

/** Of a connection that was reset meanwhile there is none. */
const ipOf = ({ ip = '' }: { ip?: string }): string => ip;

/** The peer says for whom it asks (X-Forwarded-For, or RFC 7239), and is not believed. */
function isForwardedInVain({ headers, ips = [] }: Sender): boolean {
  const says = headers['x-forwarded-for'] ?? headers.forwarded;
  return says !== undefined && says.length > 0 && ips.length < 2;
}
