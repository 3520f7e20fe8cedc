import type { Timeline } from './answers.ts';
import { figures } from './figures.ts';
import { lowerBound } from './lower-bound.ts';
import type { Span } from './span.ts';

/** What the charts show of a span, as CSV by RFC 4180: a line a participant and step, where anything is known. */
export function csvOf({ time, participants }: Timeline, { from, to }: Span): string {
  const [first, end] = [lowerBound(time, from), lowerBound(time, to)];
  const lines = [['time', 'participantId', 'displayName', ...figures.map(({ field }) => field)].join(',')];
  for (const { participantId, displayName, fields } of participants) {
    const columns = figures.map(({ field }) => fields[field]);
    for (let n = first; n < end; n++) {
      const values = columns.map((column) => column?.[n] ?? null);
      if (values.every((value) => value === null)) continue;
      const at = new Date((time[n] ?? 0) * 1000).toISOString();
      lines.push([at, participantId, quoted(displayName), ...values.map((one) => one ?? '')].join(','));
    }
  }
  return [...lines, ''].join('\r\n');
}

/** Text that people chose: spreadsheets would take some of it for a formula, and some of them begin a cell at a semicolon. */
function quoted(text: string): string {
  const inOne = text.replace(/[;\t\r\n]/g, ' ');
  const harmless = /^\s*[=+\-@＝＋－＠]/.test(inOne) ? `'${inOne}` : inOne;
  return `"${harmless.replaceAll('"', '""')}"`;
}
