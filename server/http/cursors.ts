import type { FastifyReply, FastifyRequest } from 'fastify';
import { Type } from 'typebox';
import { AppError } from '../errors.ts';
import type { PageRequest, Position } from '../rooms/page.ts';

const LIMIT = 50;

/** What the query of every list has. */
export const pageQuery = {
  limit: Type.Optional(
    Type.Integer({ minimum: 1, maximum: 100, default: LIMIT, description: 'How many at most.' }),
  ),
  cursor: Type.Optional(
    Type.String({
      pattern: '^[A-Za-z0-9_-]{1,128}$',
      description: 'The `nextCursor` of the page before; without it, the list’s beginning.',
    }),
  ),
};

/** What the answer of every list has beside its items. */
export const nextCursor = {
  nextCursor: Type.Optional(
    Type.String({
      description: 'For the next page, `cursor` in place of the one sent; none: this is the last.',
    }),
  ),
};

/** The headers of a list's answer. */
export const linkHeader = {
  link: Type.String({
    description: 'Where the next page is: `<…>; rel="next"`, by RFC 8288. None: this is the last.',
  }),
};

/** Which page of a list is asked for. @throws {AppError} `bad_request` for a cursor that is none. */
export function pageOf({ limit = LIMIT, cursor }: { limit?: number; cursor?: string }): PageRequest {
  if (cursor === undefined) return { limit, after: undefined };
  const after = positionIn(cursor);
  if (after) return { limit, after };
  throw new AppError(
    'bad_request',
    'querystring.cursor is none that this server gave. Send the `nextCursor` of an answer as it is, or none.',
  );
}

/** The cursor of the next page, if there is one; says where that is by `Link`, without the token. */
export function cursorOf(request: FastifyRequest, reply: FastifyReply, next: Position | undefined) {
  if (!next) return undefined;
  const cursor = Buffer.from(`${next.at} ${next.id}`).toString('base64url');
  const { pathname, searchParams } = new URL(request.url, 'http://localhost');
  searchParams.delete('access_token');
  searchParams.set('cursor', cursor);
  void reply.header('link', `<${pathname}?${searchParams.toString()}>; rel="next"`);
  return cursor;
}

function positionIn(cursor: string): Position | undefined {
  const text = Buffer.from(cursor, 'base64url').toString();
  const found =
    /^([1-9]\d{3}-\d\d-\d\dT[\d:]{8}\.\d{3})(\d{3}Z) ([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})$/.exec(
      text,
    );
  const [, toTheMillisecond = '', rest = '', id = ''] = found ?? [];
  const time = new Date(`${toTheMillisecond}Z`);
  if (Number.isNaN(time.getTime()) || time.toISOString() !== `${toTheMillisecond}Z`) return undefined;
  return { at: `${toTheMillisecond}${rest}`, id };
}
