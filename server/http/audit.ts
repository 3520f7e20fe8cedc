import type { FastifyInstance } from 'fastify';
import { Type } from 'typebox';
import { AppError } from '../errors.ts';
import { choice, Exactly } from '../protocol/model.ts';
import { goneMeanwhile } from '../rooms/client-input.ts';
import type { SlotAudit } from '../streams/audit.ts';
import { isUnreachable } from '../unreachable.ts';
import { answer, refusals } from './answers.ts';
import { byGrantEverywhere } from './by-grant.ts';
import { named, ref } from './schemas.ts';

const Drift = Type.Union([
  Exactly({
    what: choice(['slot_without_stream', 'stream_without_slot', 'stream_without_consumer']),
    streamId: Type.String(),
    userId: Type.String(),
  }),
  Exactly({ what: choice(['consumer_without_stream']), consumerId: Type.String() }),
]);

const Audit = named('SlotAudit', 'Slots, and what is forwarded.', {
  slots: Type.Integer({ description: 'Slots that this server’s streams hold, by the database.' }),
  forwarded: Type.Integer({ description: 'Videos that the workers forward, by their own account.' }),
  declared: Type.Integer({ description: 'Slots that players outside hold.' }),
  drift: Type.Array(Drift, { description: 'Where they do not agree, at two looks.' }),
  selfCheck: Exactly({
    runs: Type.Integer({ description: 'How often the server has looked by itself.' }),
    mended: Type.Integer({ description: 'What it found and ended since it started; 0 where nothing fails.' }),
  }),
});

/** `/audit/slots`: the slots that are held in PostgreSQL, the videos that the workers forward, and where they differ. */
export function registerAudit(api: FastifyInstance, audit: SlotAudit): void {
  api.addSchema(Audit);
  api.get(
    '/audit/slots',
    {
      schema: {
        operationId: 'auditSlots',
        summary: 'Compares slots with what is forwarded',
        description: 'Needs the grant `statsRead`.',
        tags: ['operations'],
        response: {
          200: answer(ref(Audit), 'Both counts, and where they differ.'),
          ...refusals('forbidden'),
        },
      },
      onRequest: byGrantEverywhere('statsRead'),
    },
    async (request) => {
      try {
        return await audit.compare();
      } catch (error) {
        if (!isUnreachable(error) && !goneMeanwhile(error)) throw error;
        request.log.error({ err: error }, 'slots could not be compared');
        throw new AppError(
          'unavailable',
          'The database or a media worker does not answer now. Try again soon.',
        );
      }
    },
  );
}
