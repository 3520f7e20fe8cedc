import type { FastifySchemaCompiler } from 'fastify';
import type { TSchema } from 'typebox';
import { Compile } from 'typebox/compile';

/** Has Fastify check requests by TypeBox: what does not fit is refused; nothing is coerced, dropped or filled in. */
export const checkByTypeBox: FastifySchemaCompiler<TSchema> = ({ schema }) => {
  const validator = Compile(schema);
  return (data: unknown) => (validator.Check(data) ? { value: data } : { error: validator.Errors(data) });
};
