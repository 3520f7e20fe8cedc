import { relative } from 'node:path';
import { pathToFileURL } from 'node:url';
import tap, { type Test } from 'tap';

export type { Test };

let file: Test = tap;
let runs = 0;

/**
 * The test that a file's tests belong to. Test files import it in place of tap's root: several of them share a process,
 * and what one of them sets up ends with that file.
 */
export { file as default };

/**
 * Runs one compiled test file as a subtest of tap's root.
 *
 * @param timeout How long it may take, in ms.
 */
export async function runFile(path: string, folder: string, timeout: number): Promise<void> {
  await tap.test(relative(folder, path), { timeout }, async (t) => {
    file = t;
    // Run again, it is loaded again.
    await import(`${pathToFileURL(path).href}?run=${(runs += 1)}`);
  });
  file = tap;
}
