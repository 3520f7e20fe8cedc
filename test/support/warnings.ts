import { pino, type Logger } from 'pino';

/** A log that keeps its warnings and what is worse, for a test to look at. */
export function keptWarnings(): { log: Logger; warnings: Record<string, unknown>[] } {
  const warnings: Record<string, unknown>[] = [];
  const write = (line: string) => warnings.push(JSON.parse(line) as Record<string, unknown>);
  return { log: pino({ level: 'warn' }, { write }), warnings };
}
