import { inspect } from 'node:util';
import type { Parser, Result } from 'tap-parser';

/** An assertion that failed, or a test that ended as it should not. */
export interface Failure {
  /** The compiled file, below the folder of all of them. */
  file: string;
  /** The names of the tests that it is in, from the file's own down, and its own. */
  path: string[];
  /** What tap knows of it. */
  diagnostics: Record<string, unknown>;
}

/** What one file came to. */
export interface FileResults {
  passed: number;
  failures: Failure[];
  /** What tests tell beside their results, such as what they measured. */
  comments: string[];
}

/** Gathers what the tests of one file come to in `results`, from the TAP that is printed of them. */
export function gather(file: string, parser: Parser, results: FileResults): void {
  read(parser, [], results, file);
}

function read(parser: Parser, path: string[], results: FileResults, file: string): void {
  /** Subtests whose own result is yet to come, and whether something in them has failed. */
  const subtests = new Map<string, boolean>();
  parser.on('child', (child: Parser) => {
    const before = results.failures.length;
    subtests.set(child.name, false);
    read(child, [...path, child.name], results, file);
    child.on('complete', () => subtests.set(child.name, results.failures.length > before));
  });
  parser.on('comment', (text: string) => {
    if (!/^# (Subtest|time=|timeout=|failed |skip: |todo: )/.test(text)) {
      results.comments.push(text.replace(/^# ?/, '').trim());
    }
  });
  parser.on('assert', (result: Result) => {
    const failedInside = subtests.get(result.name);
    const isSubtest = subtests.delete(result.name);
    // Nothing is skipped in silence.
    const ok = result.ok && !result.skip && !result.todo;
    if (ok && !isSubtest) results.passed += 1;
    if (ok || failedInside === true) return;
    const diagnostics = (result.diag ?? {}) as Record<string, unknown>;
    results.failures.push({ file, path: [...path, result.name], diagnostics });
  });
}

/** A failure in a few lines: where it is, what it is, what was found in place of what. */
export function describe({ file, path, diagnostics }: Failure): string {
  const { at, stack, diff, found, wanted, error, ...more } = diagnostics as {
    at?: { fileName?: string; lineNumber?: number };
    stack?: unknown;
    diff?: unknown;
    found?: unknown;
    wanted?: unknown;
    error?: { message?: string };
  } & Record<string, unknown>;
  const place = at?.fileName?.startsWith('test/')
    ? `${at.fileName}:${at.lineNumber ?? '?'}`
    : (placeIn(stack) ?? file.replace(/\.js$/, '.ts'));
  const compared =
    typeof diff === 'string'
      ? diff
      : found !== undefined || wanted !== undefined
        ? `found ${short(found)}, wanted ${short(wanted)}`
        : (error?.message ?? '');
  const rest = ['expired', 'signal', 'exitCode', 'message', 'tapError', 'code']
    .filter((name) => more[name] !== undefined)
    .map((name) => `${name}: ${String(more[name])}`);
  const lines = [compared, ...rest, typeof stack === 'string' ? stack : '']
    .flatMap((text) => text.split('\n'))
    .filter((line) => line.trim() !== '');
  return [`${place}  ${path.join(' > ')}`, ...lines.slice(0, 30).map((line) => `    ${line}`)].join('\n');
}

const short = (value: unknown): string => inspect(value, { depth: 3, maxStringLength: 300 });

/** The first place in a stack that is in a test. */
const placeIn = (stack: unknown): string | undefined =>
  typeof stack === 'string' ? /(?:^|[\s(/])(test\/[\w./-]+\.ts:\d+)/.exec(stack)?.[1] : undefined;
