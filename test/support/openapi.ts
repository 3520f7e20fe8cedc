import type { FastifyInstance, LightMyRequestResponse } from 'fastify';
import type { TSchema } from 'typebox';
import { Compile, type Validator } from 'typebox/compile';

/** A JSON schema, as far as the tests look into it. */
export interface Schema {
  $ref?: string;
  type?: string | string[];
  const?: unknown;
  enum?: unknown[];
  anyOf?: Schema[];
  properties?: Record<string, Schema>;
  required?: string[];
  items?: Schema;
  pattern?: string;
  format?: string;
  minLength?: number;
  maxLength?: number;
  minimum?: number;
  maximum?: number;
  additionalProperties?: boolean;
}

interface Media {
  schema?: Schema;
  example?: unknown;
}

interface Answer {
  description?: string;
  content?: Record<string, Media>;
  headers?: Record<string, unknown>;
}

export interface Parameter {
  name: string;
  in: 'path' | 'query' | 'header';
  required?: boolean;
  schema: Schema;
}

interface PathOperation {
  operationId?: string;
  summary?: string;
  tags?: string[];
  parameters?: Parameter[];
  requestBody?: { required?: boolean; content: Record<string, Media> };
  responses: Record<string, Answer>;
}

export interface OpenApi {
  openapi: string;
  info: { title?: string; version?: string };
  servers: { url: string }[];
  tags: { name: string }[];
  components: { schemas: Record<string, Schema>; securitySchemes: Record<string, { type: string }> };
  paths: Record<string, Record<string, PathOperation>>;
}

export interface Operation extends PathOperation {
  method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  /** With the prefix of the server: `/api/v1/users/{id}/streams`. */
  path: string;
}

/**
 * The OpenAPI file of a server, with every reference replaced by what it names. What it leaves open for later fields is
 * closed: tests find what an answer has and the file has not.
 */
export async function openApiOf(app: FastifyInstance): Promise<{ file: OpenApi; operations: Operation[] }> {
  const file = (await app.inject('/api/v1/openapi.json')).json<OpenApi>();
  const whole = resolve(file, file);
  closeAnswers(whole);
  const prefix = file.servers[0]?.url ?? '';
  const operations = Object.entries(whole.paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, operation]) => ({
      ...operation,
      method: method.toUpperCase() as Operation['method'],
      path: `${prefix}${path}`,
    })),
  );
  return { file, operations };
}

function closeAnswers({ paths }: OpenApi): void {
  for (const { responses } of Object.values(paths).flatMap((methods) => Object.values(methods))) {
    for (const { content = {} } of Object.values(responses)) {
      for (const { schema } of Object.values(content)) close(schema);
    }
  }
}

function close(schema: Schema | undefined): void {
  if (!schema) return;
  if (schema.properties) schema.additionalProperties ??= false;
  for (const one of [...Object.values(schema.properties ?? {}), ...(schema.anyOf ?? [])]) close(one);
  close(schema.items);
}

/** @throws Error where a reference names nothing. */
function resolve<T>(node: T, file: OpenApi): T {
  if (Array.isArray(node)) return node.map((one: unknown) => resolve(one, file)) as T;
  if (typeof node !== 'object' || node === null) return node;
  if ('$ref' in node && typeof node.$ref === 'string') {
    const target = file.components.schemas[node.$ref.replace('#/components/schemas/', '')];
    if (!target) throw new Error(`${node.$ref} is not there`);
    return resolve(target, file) as T;
  }
  return Object.fromEntries(Object.entries(node).map(([key, value]) => [key, resolve(value, file)])) as T;
}

const validators = new WeakMap<Schema, Validator>();

/** Whether a value fits a schema without references. @returns what does not fit, undefined where it does. */
export function misfit(schema: Schema, value: unknown): string | undefined {
  let validator = validators.get(schema);
  if (!validator) validators.set(schema, (validator = Compile(schema as TSchema)));
  if (validator.Check(value)) return undefined;
  return JSON.stringify(
    validator.Errors(value).map(({ instancePath, message }) => `${instancePath} ${message}`),
  );
}

/** What is wrong with an answer by the operation's description: its status, its media type or its body. */
export function undocumented({ responses }: Operation, answer: LightMyRequestResponse): string | undefined {
  const { statusCode, body, headers } = answer;
  const documented = responses[statusCode];
  if (!documented) return `status ${statusCode} is not documented`;
  if (!documented.content) return body === '' ? undefined : 'there is a body';
  const type = String(headers['content-type']).split(';', 1)[0] ?? '';
  const schema = documented.content[type]?.schema;
  if (!schema) return `${type} is not documented for ${statusCode}`;
  if (!type.endsWith('json')) return undefined;
  const wrong = misfit(schema, answer.json());
  return wrong && `${statusCode} does not fit: ${wrong}: ${body.slice(0, 300)}`;
}
