import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Test } from 'tap';
import { build } from 'vite';
import type * as sdk from '../../client/sdk/index.ts';
import { projectRoot } from '../../server/root.ts';
import { temporaryFolder } from './postgres.ts';

declare global {
  interface Window {
    sdk: typeof sdk;
    room: sdk.Room;
  }
}

/** A page of a product that embeds the SDK, and nothing else. @returns its folder. */
export async function productPage(t: Test): Promise<string> {
  const folder = await temporaryFolder(t);
  await mkdir(join(folder, 'assets'));
  await build({
    configFile: false,
    logLevel: 'silent',
    root: projectRoot,
    build: {
      lib: { entry: join(projectRoot, 'client/sdk/index.ts'), formats: ['es'], fileName: 'sdk' },
      outDir: join(folder, 'assets'),
    },
  });
  // A file of its own: the server lets pages run no script that stands in them.
  await writeFile(
    join(folder, 'assets', 'page.js'),
    "import * as sdk from '/assets/sdk.js';\nwindow.sdk = sdk;\n",
  );
  await writeFile(
    join(folder, 'index.html'),
    '<!doctype html><script type="module" src="/assets/page.js"></script>',
  );
  return folder;
}
