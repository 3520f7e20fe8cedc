import { pino, type Logger } from 'pino';
import pretty from 'pino-pretty';

/** An access token: as a query's parameter, after `Bearer`, or by its looks (a JSON object in base64url begins so). */
const TOKENS = /(access_token(?:=|%3d))[^&\s"'\\]+|(bearer\s+)[^\s"'\\]+|eyJ[\w-]*\.[\w-]*\.[\w-]*/gi;

/**
 * The log: a JSON line for each entry where a program reads it, coloured text where a person does. Tokens and cookies
 * never get into it.
 */
export function createLogger(level: string): Logger {
  const options = {
    level,
    base: {},
    redact: ['req.headers.cookie', 'req.headers.authorization'],
    timestamp: pino.stdTimeFunctions.isoTime,
    formatters: { level: (label: string) => ({ level: label }) },
    hooks: { streamWrite: withoutTokens },
  };
  if (!process.stdout.isTTY) return pino(options);
  return pino(options, pretty({ sync: true, ignore: 'pid,hostname', translateTime: 'SYS:HH:MM:ss' }));
}

/** Whatever wrote a line, and in which of its fields: an address with a token in it is logged in many ways. */
function withoutTokens(line: string): string {
  return line.replace(TOKENS, '$1$2[not shown]');
}
