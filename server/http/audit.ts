import type { FastifyInstance } from 'fastify';
import { AppError } from '../errors.ts';
import { requireGrant } from '../identity/require.ts';
import type { SlotAudit } from '../streams/audit.ts';

/** `/audit/slots`: the slots that are held in PostgreSQL, the videos that the workers forward, and where they differ. */
export function registerAudit(api: FastifyInstance, audit: SlotAudit): void {
  api.get('/audit/slots', async (request) => {
    requireGrant(request, 'statsRead');
    try {
      return await audit.compare();
    } catch (error) {
      request.log.error({ err: error }, 'slots could not be compared');
      throw new AppError(
        'unavailable',
        'The database or a media worker does not answer now. Try again soon.',
      );
    }
  });
}
