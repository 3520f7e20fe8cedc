import rateLimit from '@fastify/rate-limit';

/**
 * Where somebody is, as far as limits go: an IPv4 address, or a network of IPv6 (/64), which is one line of a provider's.
 * Of a connection that was reset meanwhile there is none.
 */
export const addressOf = ({ ip = '' }: { ip?: string }): string => rateLimit.normalizeIP(ip);
