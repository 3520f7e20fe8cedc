import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import t from '../support/tap.ts';
import { settings } from '../../server/settings.ts';
import { closeCodes } from '../../server/protocol/envelope.ts';
import { errorCodes } from '../../server/protocol/errors.ts';
import { methods } from '../../server/protocol/methods.ts';
import { notifications } from '../../server/protocol/notifications.ts';
import { projectRoot } from '../../server/root.ts';

/** The words in backticks that stand in the first column of a Markdown table's rows. */
function firstColumns(markdown: string): Set<string> {
  const rows = markdown.split('\n').filter((line) => line.startsWith('|'));
  const cells = rows.map((row) => row.split('|')[1] ?? '');
  return new Set(cells.flatMap((cell) => [...cell.matchAll(/`([^`]+)`/g)].map(([, word]) => word ?? '')));
}

t.test('the written protocol names every method, event, error and close code', async (t) => {
  const text = await readFile(join(projectRoot, 'server/protocol/README.md'), 'utf8');
  const written = firstColumns(text);
  for (const name of [...Object.keys(methods), ...Object.keys(notifications), ...Object.keys(errorCodes)]) {
    t.ok(written.has(name), name);
  }
  for (const code of Object.values(closeCodes)) t.match(text, new RegExp(`^\\| .*${code}`, 'm'));
});

t.test('README’s table has every setting with its default, and no other', async (t) => {
  const text = await readFile(join(projectRoot, 'README.md'), 'utf8');
  const section = /## Configuration\n[^]*?(?=\n## )/.exec(text)?.[0] ?? '';
  t.same([...firstColumns(section)].sort(), Object.keys(settings.properties).sort());
  for (const [name, setting] of Object.entries(settings.properties)) {
    if (!('default' in setting) || setting.default === '' || name === 'WORKERS') continue;
    t.match(section, new RegExp(`\\| \`${name}\`\\s+\\| \`${String(setting.default)}\`\\s+\\|`), name);
  }
});
