import { AppError } from '../errors.ts';
import type { Grants } from '../protocol/grants.ts';
import type { Permissions, TrackSource } from '../protocol/model.ts';

export interface VisitorToken {
  id: string;
  /** When it was made, in ms since the epoch. */
  issuedAt: number;
}

/** Somebody who wants to join, as far as rooms have to know. */
export interface Visitor {
  userId: string;
  /** What the others see; undefined: what the client says. */
  displayName: string | undefined;
  grants: Grants;
  /** The token that says so; undefined for a guest. */
  token: VisitorToken | undefined;
}

const sources: readonly TrackSource[] = ['camera', 'microphone', 'screen_share', 'screen_share_audio'];

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

/** Why somebody is no host of the room of that name; undefined: they are. */
export function adminRefusal({ roomAdmin, room }: Grants, name: string): AppError | undefined {
  if (!roomAdmin) return forbidden('Only hosts may do this: it needs a token with the grant roomAdmin.');
  if (room !== undefined && room !== name)
    return forbidden(`Your token is for room ${room}, not for ${name}.`);
  return undefined;
}

/** What somebody with these grants may do in the room of that name. */
export function permissionsOf(grants: Grants, name: string): Permissions {
  return {
    publish: sources.filter((source) => !publishRefusal(grants, source)),
    subscribe: !subscribeRefusal(grants),
    admin: !adminRefusal(grants, name),
  };
}
