import rateLimit from '@fastify/rate-limit';
import type { FastifyRequest } from 'fastify';

/** Where somebody is, as far as limits go: an IPv4 address, or a network of IPv6 (/64), which is one line of a provider's. */
export const addressOf = ({ ip }: Pick<FastifyRequest, 'ip'>): string => rateLimit.normalizeIP(ip);
