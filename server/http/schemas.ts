import type { FastifySchemaCompiler } from 'fastify';
import { Type, type Static, type TProperties, type TSchema } from 'typebox';
import { Compile } from 'typebox/compile';
import { AppError } from '../errors.ts';
import { Exactly } from '../protocol/model.ts';
import { misfit } from '../protocol/misfit.ts';

/** What a query may always have beside its own: it is looked at before the route is. */
const accessToken = { access_token: Type.Optional(Type.String()) };

/** The query of a route: nothing beside the named properties and the token. Integers and booleans are read as such. */
export const Query = <P extends TProperties>(properties: P) =>
  Type.Object<P & typeof accessToken>({ ...properties, ...accessToken }, { additionalProperties: false });

/** A body, with one that the page to try it begins with. */
export const Body = <P extends TProperties>(properties: P, example: object) =>
  Type.Object(properties, { additionalProperties: false, examples: [example] });

/** A body that may be left out. */
export const OptionalBody = <P extends TProperties>(properties: P, example: object) =>
  Type.Union([Exactly(properties), Type.Null({ description: 'No body' })], { examples: [example] });

/** An object in answers that clients have a type of that name for: to be made known by `addSchema`, and named by `ref`. */
export const named = <P extends TProperties>(name: string, description: string, properties: P) =>
  Type.Object(properties, { $id: name, additionalProperties: false, description });

/** Stands in an answer for a schema with an `$id` that the scope knows by `addSchema`: clients get a type of that name. */
export function ref<S extends TSchema & { $id?: string }>(schema: S) {
  return Type.Unsafe<Static<S>>({ $ref: `${schema.$id ?? ''}#` });
}

/** A time in an answer. */
export const Time = (description: string) => Type.String({ format: 'date-time', description });

/**
 * Has Fastify check requests by TypeBox: what does not fit is refused; nothing is dropped or filled in, and only what is a
 * number or yes and no in a query is read from its text.
 */
export const checkByTypeBox: FastifySchemaCompiler<TSchema> = ({ schema, httpPart }) => {
  const validator = Compile(schema);
  return (given: unknown) => {
    const data = httpPart === 'querystring' ? readQuery(schema, given) : given;
    if (validator.Check(data)) return { value: data };
    const wrong = misfit(httpPart ?? 'request', schema, data, validator.Errors(data));
    return { error: new AppError('bad_request', wrong) };
  };
};

function readQuery(schema: TSchema, query: unknown): unknown {
  if (!Type.IsObject(schema) || typeof query !== 'object' || query === null) return query;
  return Object.fromEntries(
    Object.entries(query).map(([name, value]: [string, unknown]) => {
      const wanted = Object.hasOwn(schema.properties, name) ? schema.properties[name] : undefined;
      return [name, typeof value === 'string' && wanted ? read(wanted, value) : value];
    }),
  );
}

function read(schema: TSchema, text: string): unknown {
  if (Type.IsInteger(schema) && /^-?\d{1,15}$/.test(text)) return Number(text);
  if (Type.IsBoolean(schema) && /^(true|false)$/.test(text)) return text === 'true';
  return text;
}
