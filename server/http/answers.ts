import { Type, type TProperties, type TSchema } from 'typebox';
import { errorCodes, type ErrorCode } from '../protocol/errors.ts';
import { Problem, PROBLEM } from './problem.ts';
import { ref } from './schemas.ts';

/** Refusals that every route may answer; the OpenAPI file has them without their being named. */
const anywhere: ErrorCode[] = [
  'bad_request',
  'unauthorized',
  'origin_not_allowed',
  'unknown_host',
  'rate_limited',
  'unavailable',
  'internal',
];

const waitHeader = { 'retry-after': Type.Integer({ description: 'Seconds to wait.' }) };
const limitHeaders = {
  'ratelimit-limit': Type.Integer({ description: 'Requests that may come within a minute.' }),
  'ratelimit-remaining': Type.Integer({ description: 'How many of them are left.' }),
  'ratelimit-reset': Type.Integer({ description: 'Seconds until the next minute begins.' }),
};

/** A good answer with a body, for `schema.response`. */
export function answer(schema: TSchema, description: string, headers?: TProperties) {
  return { description, content: { 'application/json': { schema } }, ...(headers && { headers }) };
}

/** A good answer without a body, for `schema.response`. */
export const noContent = (description: string) => Type.Null({ description });

/** The refusals of a route beside those that are possible anywhere, by status, for `schema.response`. Those of the same status are named with it. */
export function refusals(...codes: ErrorCode[]): Record<number, object> {
  const statuses = new Set(codes.map((code) => errorCodes[code].status));
  const possible = new Set([...codes, ...anywhere.filter((code) => statuses.has(errorCodes[code].status))]);
  const said = new Map<number, string[]>();
  for (const code of possible) {
    const { status, meaning } = errorCodes[code];
    said.set(status, [...(said.get(status) ?? []), `\`${code}\`: ${meaning}`]);
  }
  const content = { [PROBLEM]: { schema: ref(Problem) } };
  return Object.fromEntries(
    [...said].map(([status, codes]) => [status, { description: codes.join(' '), content }]),
  );
}

/** What any route of a method may answer, whatever it says itself. */
export function commonRefusals(method: string | string[]): Record<number, object> {
  const { 400: bad, 401: unknown, 429: tooMany, ...others } = refusals(...anywhere);
  const hasBody = [method].flat().some((one) => one !== 'GET');
  const unread = (description: string) => ({ ...bad, description: `\`bad_request\`: ${description}` });
  return {
    ...others,
    401: { ...unknown, headers: { 'www-authenticate': Type.String({ description: '`Bearer`.' }) } },
    429: { ...tooMany, headers: { ...waitHeader, ...limitHeaders } },
    400: unread('The request does not fit: `detail` says where.'),
    ...(hasBody && { 413: unread('The body is too large.'), 415: unread('The body is no JSON.') }),
  };
}
