import { AppError } from '../errors.ts';
import type { Grants } from '../protocol/grants.ts';
import type { TrackSource } from '../protocol/model.ts';

/** Somebody who wants to join, as far as rooms have to know. */
export interface Visitor {
  userId: string;
  /** What the others see; undefined: what the client says. */
  displayName: string | undefined;
  grants: Grants;
}

const forbidden = (message: string) => new AppError('forbidden', message);

/** Why somebody may not be in the room of that name; undefined: they may. */
export function entryRefusal({ roomJoin, room }: Grants, name: string): AppError | undefined {
  if (!roomJoin) return forbidden('Your token lets you join no room: it needs the grant roomJoin.');
  if (room !== undefined && room !== name)
    return forbidden(`Your token is for room ${room}, not for ${name}.`);
  return undefined;
}

/** Why somebody may not publish from a source; undefined: they may. */
export function publishRefusal(grants: Grants, source: TrackSource): AppError | undefined {
  const { hidden, canPublish, canPublishSources } = grants;
  if (hidden) return forbidden('Who is hidden can publish nothing.');
  if (!canPublish) return forbidden('You may not publish: your token has canPublish: false.');
  if (canPublishSources?.includes(source) === false) {
    return forbidden(`You may publish ${canPublishSources.join(', ')}, and no ${source}.`);
  }
  return undefined;
}

/** Why somebody may receive nothing; undefined: they may. */
export function subscribeRefusal({ canSubscribe }: Grants): AppError | undefined {
  return canSubscribe ? undefined : forbidden('You may not subscribe: your token has canSubscribe: false.');
}
