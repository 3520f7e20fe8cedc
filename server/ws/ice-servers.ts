import { iceServersFor } from '../media/ice-servers.ts';
import type { IceServer } from '../protocol/model.ts';
import type { Session } from './session.ts';

/**
 * The relay for whoever a session stands for. It counts allocations by name: guests of one address share one, since as many
 * guests as one likes come from there; with a token one is a user of one's own, and so are guests whose address cannot be told.
 */
export function iceServersOf({ identity, context }: Pick<Session, 'identity' | 'context'>): IceServer[] {
  const { userId, token } = identity;
  const { key, bounded } = context.address;
  return iceServersFor(token || !bounded ? `user ${userId}` : `address ${key}`, context.turn);
}
