import { Type, type Static, type TObject, type TSchema } from 'typebox';
import { Value } from 'typebox/value';
import { listOf, portRange } from './addresses.ts';
import { isProduction, unsafeIn } from './production.ts';
import { settings } from './settings.ts';

export type Config = Readonly<Static<typeof settings>>;

/** A setting has a value that the server cannot start with. The message says which, why, and what would do. */
export class ConfigError extends Error {
  override readonly name = 'ConfigError';
}

/**
 * Reads the settings from environment variables. An empty variable counts as unset.
 *
 * @throws {ConfigError} naming every setting whose value does not fit.
 */
export function readConfig(environment: NodeJS.ProcessEnv): Config {
  const given = Object.fromEntries(
    Object.entries(settings.properties)
      .map(([name, schema]) => [name, parse(schema, environment[name])] as const)
      .filter(([, value]) => value !== undefined && value !== ''),
  );
  const config: unknown = Value.Default(settings, given);
  if (!Value.Check(settings, config)) throw new ConfigError(complaints(settings, config, environment));
  const ports = portRange(config.RTC_PORTS)?.count ?? 0;
  const WORKERS = environment['WORKERS'] ? config.WORKERS : Math.min(config.WORKERS, ports);
  if (WORKERS > ports) {
    throw new ConfigError(
      `WORKERS=${WORKERS} needs as many ports, and RTC_PORTS=${config.RTC_PORTS} has ${ports}. Set one to fit the other.`,
    );
  }
  if ((listOf(config.TURN_HOST).length === 0) !== (listOf(config.TURN_SECRETS).length === 0)) {
    throw new ConfigError(
      'TURN_HOST and TURN_SECRETS need each other: the first says where coturn is, the second is its static-auth-secret. Set both or none.',
    );
  }
  if ((config.API_KEY === undefined) !== (config.API_SECRET === undefined)) {
    throw new ConfigError(
      'API_KEY and API_SECRET need each other: the second signs access tokens, the first names it in them. Set both or none.',
    );
  }
  const unsafe = isProduction(config) ? unsafeIn(config) : [];
  if (unsafe.length > 0) throw new ConfigError(unsafe.join('\n'));
  return Object.freeze({ ...config, WORKERS });
}

/** How many days what is kept. */
export const keptDays = (config: Config) => ({
  sampleDays: config.STATS_SAMPLE_DAYS,
  rollupDays: config.STATS_ROLLUP_DAYS,
  recordDays: config.RECORDS_DAYS,
});

/** A whole number where the setting is one; all else is left for the schema to refuse. */
function parse(schema: TSchema, text: string | undefined): unknown {
  return Type.IsInteger(schema) && text && /^-?\d+$/.test(text) ? Number(text) : text;
}

function complaints(schema: TObject, config: unknown, given: NodeJS.ProcessEnv): string {
  const wrong = new Map<string, string>();
  for (const { instancePath, message } of Value.Errors(schema, config)) {
    const name = instancePath.slice(1);
    if (wrong.has(name)) continue;
    const secret = /SECRETS?$|^DATABASE_URL$/.test(name);
    const shown = secret ? '(not shown)' : JSON.stringify(given[name]);
    const about = schema.properties[name] as { description?: string; default?: unknown } | undefined;
    const fallback = about?.default === undefined ? '' : ` Without it: ${JSON.stringify(about.default)}.`;
    wrong.set(name, `${name}=${shown} ${message}. ${about?.description ?? ''}.${fallback}`);
  }
  return [...wrong.values()].join('\n');
}
