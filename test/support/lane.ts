import tap from 'tap';
import { closeSharedBrowsers } from './browser.ts';
import type { FromLane, ToLane } from './lane-process.ts';
import { runFile } from './tap.ts';

/**
 * A process that runs test files, one after another as it is told (`lane-process.ts`). It prints TAP.
 */
const tell = (message: FromLane) => process.send?.(message);

tap.setTimeout(0);
// tap lets go of the channel to the parent, which would not keep this process.
const keptAlive = setInterval(() => {}, 60_000);
process.on('message', (message: ToLane) => {
  if ('end' in message) {
    void closeSharedBrowsers().finally(() => {
      clearInterval(keptAlive);
      tap.end();
      process.disconnect();
    });
    return;
  }
  const { path, folder, timeout } = message;
  void runFile(path, folder, timeout).finally(() => tell({ done: path }));
});
tell({ ready: true });
