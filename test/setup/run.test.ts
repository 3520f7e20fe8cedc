import { setTimeout as sleep } from 'node:timers/promises';
import t from '../support/tap.ts';
import { run } from '../../server/setup/run.ts';

const shell = (script: string, options: Parameters<typeof run>[2]) => run('sh', ['-c', script], options);
const { signal } = new AbortController();

const isRunning = (pid: number): boolean => {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
};

t.test('lines of both streams are given as they come', async (t) => {
  const lines: string[] = [];
  await shell('echo one; echo two >&2; printf three', { signal, onLine: (line) => lines.push(line) });
  t.same(lines.sort(), ['one', 'three', 'two']);
});

t.test('a failure tells how the command ended and what it said last', async (t) => {
  const failed = shell('seq 100; exit 3', { signal });
  await t.rejects(failed, { name: 'CommandError', message: /^sh .*exit code 3$/, output: /^61\n[^]*\n100$/ });
  await t.rejects(run('no-such-command', [], { signal }), { name: 'CommandError', message: /ENOENT/ });
});

t.test('aborting ends the command and what it started, and throws the reason', async (t) => {
  const controller = new AbortController();
  let child = 0;
  const running = shell('sleep 60 & echo $!; wait', {
    signal: controller.signal,
    onLine: (line) => {
      child = Number(line);
      controller.abort(new Error('stopped'));
    },
  });
  await t.rejects(running, { message: 'stopped' });
  for (let waited = 0; isRunning(child) && waited < 20_000; waited += 20) await sleep(20);
  t.notOk(isRunning(child));
});

t.test('a command that takes too long is ended', async (t) => {
  await t.rejects(shell('sleep 60', { signal, timeoutMs: 50 }), {
    name: 'CommandError',
    message: /not done after 50 ms/,
  });
});
