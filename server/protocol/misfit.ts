import type { TSchema } from 'typebox';
import type { TLocalizedValidationError } from 'typebox/error';
import { Pointer } from 'typebox/value';

/** How much of a value that does not fit is told, in characters. */
const SHOWN = 40;

/**
 * Says in one sentence where data does not fit its schema, with which value, and what would fit.
 *
 * @param name What the data is called: `body`.
 * @param errors What the schema's validator found; the first one is told.
 */
export function misfit(
  name: string,
  schema: TSchema,
  data: unknown,
  errors: TLocalizedValidationError[],
): string {
  const [error] = errors;
  if (!error) return `${name} does not fit.`;
  const { instancePath, schemaPath } = error;
  const path = [name, ...Pointer.Indices(instancePath)];
  if (error.keyword === 'boolean' && schemaPath.endsWith('/additionalProperties')) {
    const unknown = path.pop() ?? '';
    return `${path.join('.')} has no property ${shortened(unknown)}.`;
  }
  const field = `${path.join('.')}${shown(Pointer.Get(data, instancePath))}`;
  if (error.keyword === 'enum') return `${field} must be one of ${error.params.allowedValues.join(', ')}.`;
  const wanted = descriptionOf(Pointer.Get(schema, schemaPath.slice(1)));
  if (error.keyword !== 'pattern' || wanted === undefined) return `${field} ${error.message}.`;
  return `${field} does not fit: ${wanted.replace(/\.$/, '')}.`;
}

function shown(value: unknown): string {
  if (value === null || ['number', 'boolean'].includes(typeof value)) return ` ${String(value)}`;
  return typeof value === 'string' ? ` ${JSON.stringify(shortened(value))}` : '';
}

const shortened = (text: string) => (text.length > SHOWN ? `${text.slice(0, SHOWN)}…` : text);

function descriptionOf(schema: unknown): string | undefined {
  if (typeof schema !== 'object' || schema === null || !('description' in schema)) return undefined;
  return typeof schema.description === 'string' ? schema.description : undefined;
}
