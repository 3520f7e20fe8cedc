import swagger from '@fastify/swagger';
import type { FastifyInstance, FastifySchema } from 'fastify';
import { Type } from 'typebox';
import { answer, commonRefusals } from './answers.ts';
import { ConflictingStream, Problem } from './problem.ts';
import { checkByTypeBox } from './schemas.ts';

const description = `The REST API of Trivium. Calls themselves go by WebSocket, see the signalling protocol.

A request says who asks by an access token, in \`Authorization: Bearer\` or \`?access_token=\`, or else by the guest's cookie.
Errors are problems by RFC 9457, each with a \`code\` for programs. Times are in UTC; durations end in \`Ms\`.`;

/** The parts of the API, in the order in which they are shown. */
const tags = [
  { name: 'rooms', description: 'Rooms, each a session with a beginning and an end.' },
  { name: 'participants', description: 'Who is in a room, and what hosts do about it.' },
  { name: 'streams', description: 'The streams that hold a user’s slots, in calls and in players outside.' },
  { name: 'stats', description: 'What calls were like: figures by time, and whose side it was on.' },
  { name: 'users', description: 'What is kept of people.' },
  { name: 'tokens', description: 'Who asks, and tokens that are ended early.' },
  { name: 'operations', description: 'What whoever runs the server looks at.' },
  { name: 'about', description: 'This description, and what the errors mean.' },
];

/**
 * Makes the scope of the REST API describe itself: `/openapi.json` is made of the schemas that check its requests. To be
 * registered before every route of the scope. Answers are sent as they are: their schemas describe them, and cut nothing off.
 */
export async function registerOpenApi(api: FastifyInstance): Promise<void> {
  await api.register(swagger, {
    openapi: {
      openapi: '3.1.0',
      info: { title: 'Trivium', version: '1.0.0', description },
      servers: [{ url: '/api/v1' }],
      tags,
      components: {
        // `?access_token=` is not named: generated clients send a token in every way that is, and twice is refused.
        securitySchemes: {
          bearer: { type: 'http', scheme: 'bearer', bearerFormat: 'JWT' },
        },
      },
      security: [{ bearer: [] }, {}],
    },
    convertConstToEnum: false,
    refResolver: { buildLocalReference: (schema, _base, _fragment, i) => nameOf(schema) ?? `def-${i}` },
    transform: ({ schema, url, route }) => ({ schema: described(schema, route.method), url }),
    transformObject: (document) => {
      if (!('openapiObject' in document)) throw new Error('the document is not OpenAPI 3');
      const file = structuredClone(document.openapiObject);
      // Named schemas are of answers alone.
      leaveOpen(file.components);
      for (const { get, post, put, patch, delete: end } of Object.values(file.paths ?? {}).filter(isThere)) {
        for (const operation of [get, post, put, patch, end]) leaveOpen(operation?.responses);
        for (const operation of [post, put, patch]) markOptional(operation?.requestBody);
      }
      return file;
    },
  });
  api.setValidatorCompiler(checkByTypeBox);
  api.setSerializerCompiler(() => JSON.stringify);
  api.addSchema(ConflictingStream);
  api.addSchema(Problem);

  api.get(
    '/openapi.json',
    {
      schema: {
        operationId: 'getOpenApi',
        summary: 'This description',
        tags: ['about'],
        response: {
          200: answer(
            Type.Object({ openapi: Type.String() }, { additionalProperties: true }),
            'An OpenAPI 3.1 document.',
          ),
        },
      },
    },
    () => api.swagger(),
  );
}

function nameOf(schema: object): string | undefined {
  return '$id' in schema && typeof schema.$id === 'string' ? schema.$id : undefined;
}

/** A route's schema as the file has it: with what any route may answer, and no token among its own parameters. */
function described(schema: FastifySchema = {}, method: string | string[]): FastifySchema {
  const { response, querystring, ...others } = schema;
  const own = typeof response === 'object' ? response : {};
  return {
    ...others,
    ...(querystring !== undefined && { querystring: withoutToken(querystring) }),
    response: { ...commonRefusals(method), ...own },
  };
}

function withoutToken(query: unknown): unknown {
  if (typeof query !== 'object' || query === null || !('properties' in query)) return query;
  const { properties, ...others } = query;
  if (typeof properties !== 'object' || properties === null) return query;
  const own = Object.entries(properties).filter(([name]) => name !== 'access_token');
  return { ...others, properties: Object.fromEntries(own) };
}

/** Lets answers have more than is described, as they will: clients made from the file have to bear it. */
function leaveOpen(node: unknown): void {
  if (typeof node !== 'object' || node === null) return;
  if ('additionalProperties' in node && node.additionalProperties === false) delete node.additionalProperties;
  for (const one of Object.values(node)) leaveOpen(one);
}

/** A body that may be null need not be sent. */
function markOptional(
  body: { content: Record<string, { schema?: object }>; required?: boolean } | { $ref: string } | undefined,
) {
  if (!body || '$ref' in body) return;
  for (const media of Object.values(body.content)) {
    const { schema = {} } = media;
    const either = 'anyOf' in schema ? (schema.anyOf as { type?: unknown }[]) : [];
    const [first, ...others] = either.filter(({ type }) => type !== 'null');
    if (!first || others.length === either.length - 1) continue;
    body.required = false;
    media.schema = others.length === 0 ? first : { anyOf: [first, ...others] };
  }
}

const isThere = <T>(value: T | undefined): value is T => value !== undefined;
