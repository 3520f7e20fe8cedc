import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import type { Parser } from 'tap-parser';
import { projectRoot } from '../../server/root.ts';
import { GOOD_END, LaneProcess } from './lane-process.ts';
import { describe, gather, type FileResults } from './results.ts';
import { Schedule } from './schedule.ts';
import { withTestDatabase } from './test-database.ts';

/**
 * Runs test files in a few processes, each of which takes one file after another, since to load the server takes longer than
 * most files do. Prints a line for each file, and at the end every failure with its place, and the counts.
 *
 *   --jobs=N      processes at once (default 3)
 *   --isolated    a process of its own for every file
 *   --repeat=N    every file so many times
 *   --timeout=S   seconds that one file may take (default 240)
 */
const { values, positionals: files } = parseArgs({
  allowPositionals: true,
  options: {
    jobs: { type: 'string', default: '3' },
    isolated: { type: 'boolean', default: false },
    repeat: { type: 'string', default: '1' },
    timeout: { type: 'string', default: '240' },
  },
});

const FOLDER = join(projectRoot, 'dist/tests');
/** How long a process may take to print the results of a file that is done, in ms. */
const PRINTED_MS = 30_000;
const TIMEOUT_MS = Number(values.timeout) * 1000;

const running = new Set<LaneProcess>();
const stop = new AbortController();

interface Totals {
  passed: number;
  failures: string[];
}

async function runAll(): Promise<Totals> {
  const totals: Totals = { passed: 0, failures: [] };
  const all = Array.from({ length: Number(values.repeat) }, () => files).flat();
  const schedule = await Schedule.of(all, projectRoot);
  await Promise.all(Array.from({ length: Number(values.jobs) }, (_, lane) => inLane(lane, schedule, totals)));
  return totals;
}

/** Runs one file after another until there is no more. */
async function inLane(number: number, schedule: Schedule, totals: Totals): Promise<void> {
  let lane: LaneProcess | undefined;
  try {
    for (let turn = schedule.next(number); turn && !stop.signal.aborted; turn = schedule.next(number)) {
      const { file, nice } = turn;
      if (lane && lane.nice !== nice) {
        await end(lane, file, totals);
        lane = undefined;
      }
      lane ??= await start(nice);
      const isGood = await runIn(lane, file, totals);
      // What failed may have left something behind.
      if (!isGood) {
        running.delete(lane);
        await lane.end();
        lane = undefined;
      } else if (values.isolated || schedule.isEmpty(number)) {
        await end(lane, file, totals);
        lane = undefined;
      }
    }
  } finally {
    lane?.kill();
  }
}

async function start(nice: boolean): Promise<LaneProcess> {
  const lane = new LaneProcess(projectRoot, nice);
  running.add(lane);
  await lane.ready();
  return lane;
}

/** Ends a lane in which all was good, and so should be its end. */
async function end(lane: LaneProcess, after: string, totals: Totals): Promise<void> {
  running.delete(lane);
  const how = await lane.end();
  if (how !== GOOD_END) totals.failures.push(`${after}\n    after it, ${how}`);
}

/** Runs one file. @returns whether all was good. */
async function runIn(lane: LaneProcess, file: string, totals: Totals): Promise<boolean> {
  const compiled = file.replace(/\.ts$/, '.js');
  const results: FileResults = { passed: 0, failures: [], comments: [] };
  const read = new Promise<undefined>((resolve) => {
    lane.parser.once('child', (child: Parser) => {
      gather(compiled, child, results);
      child.once('complete', () => resolve(undefined));
    });
  });
  const began = performance.now();
  const problem =
    (await lane.run(join(FOLDER, compiled), FOLDER, TIMEOUT_MS)) ??
    (await Promise.race([read, sleep(PRINTED_MS, 'its results were not printed', { ref: false })]));
  return report(file, performance.now() - began, results, problem, lane.takeStderr(), totals);
}

/** Tells what a file came to. @returns whether all was good. */
function report(
  file: string,
  ms: number,
  { passed, failures, comments }: FileResults,
  problem: string | undefined,
  stderr: string,
  totals: Totals,
): boolean {
  const described = failures.map(describe);
  if (passed === 0 && described.length === 0) described.push(`${file}\n    it asserts nothing`);
  if (problem !== undefined) described.push(`${file}\n    ${problem}`);
  // Such as a listener too many: it points to a leak.
  if (/^\(node:\d+\) .*Warning/m.test(stderr)) described.push(`${file}\n    ${stderr.trim()}`);
  const mark = described.length === 0 ? 'ok    ' : 'FAILED';
  const lines = [`${mark} ${(ms / 1000).toFixed(1).padStart(6)} s  ${file}  ${passed}`];
  for (const comment of [...comments, ...stderr.trim().split('\n')].filter(Boolean))
    lines.push(`                 ${comment}`);
  process.stdout.write(`${[...lines, ...described].join('\n')}\n`);
  totals.passed += passed;
  totals.failures.push(...described);
  return described.length === 0;
}

for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  process.on(signal, () => {
    stop.abort();
    for (const lane of running) lane.kill();
  });
}

const began = performance.now();
/** Where a file keeps what it makes for those after it. */
const shared = await mkdtemp(join(tmpdir(), 'trivium-tests-'));
process.env['TEST_FOLDER'] = shared;
const { passed, failures } = await withTestDatabase((template) => {
  process.env['TEST_TEMPLATE_URL'] = template;
  return runAll();
}).finally(() => rm(shared, { recursive: true, force: true }));
if (failures.length > 0) process.stdout.write(`\nFailed:\n\n${failures.join('\n\n')}\n`);
process.stdout.write(
  `\n${Math.round((performance.now() - began) / 1000)} s\n${passed} passed, ${failures.length} failed\n`,
);
if (failures.length > 0 || passed === 0 || stop.signal.aborted) process.exitCode = 1;
