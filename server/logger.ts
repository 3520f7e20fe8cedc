import { pino, type Logger } from 'pino';
import pretty from 'pino-pretty';

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
  };
  if (!process.stdout.isTTY) return pino(options);
  return pino(options, pretty({ sync: true, ignore: 'pid,hostname', translateTime: 'SYS:HH:MM:ss' }));
}
