import { execFileSync } from 'node:child_process';
import type { Browser } from 'playwright-core';
import type { Test } from 'tap';
import { ownBrowser } from './browser.ts';

/** A machine with a browser that can be put to sleep: every process of the browser stands still. */
export interface Laptop {
  browser: Browser;
  sleep(): void;
  wake(): void;
}

let made = 0;

export async function laptop(t: Test): Promise<Laptop> {
  // Nothing to the browser, but its processes are found by it.
  const mark = `--trivium-laptop=${process.pid}-${made++}`;
  const browser = await ownBrowser(t, { more: [mark] });
  const signal = (name: NodeJS.Signals) => processesOf(mark).forEach((pid) => process.kill(pid, name));
  t.teardown(() => signal('SIGCONT'));
  return { browser, sleep: () => signal('SIGSTOP'), wake: () => signal('SIGCONT') };
}

/** The processes of a browser that was started with an argument of its own. */
function processesOf(mark: string): number[] {
  const lines = execFileSync('ps', ['-eo', 'pid=,ppid=,args=']).toString().trim().split('\n');
  const all = lines.map((line) => {
    const [pid, ppid, ...args] = line.trim().split(/\s+/);
    return { pid: Number(pid), ppid: Number(ppid), hasMark: args.includes(mark) };
  });
  const found = new Set(all.filter(({ hasMark }) => hasMark).map(({ pid }) => pid));
  // A set is walked in the order in which it grows.
  for (const parent of found) for (const { pid, ppid } of all) if (ppid === parent) found.add(pid);
  return [...found];
}
