import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { format, resolveConfig } from 'prettier';
import { projectRoot } from '../../server/root.ts';

/** Puts a table into a file of docs/, between the two comments that name it, with where and when it was measured. */
export async function report(
  name: string,
  table: string[],
  where: string,
  document = 'BENCHMARKS.md',
): Promise<void> {
  const file = join(projectRoot, 'docs', document);
  const text = await readFile(file, 'utf8');
  const [begin, end] = [`<!-- ${name} -->`, `<!-- /${name} -->`];
  const [from, to] = [text.indexOf(begin), text.indexOf(end)];
  if (from < 0 || to < from) throw new Error(`${file} has no place for ${name}: ${begin} and ${end}`);
  const measured = `_Measured ${new Date().toISOString().slice(0, 10)}: ${where}._`;
  const next = `${text.slice(0, from + begin.length)}\n\n${table.join('\n')}\n\n${measured}\n\n${text.slice(to)}`;
  await writeFile(file, await format(next, { ...(await resolveConfig(file)), parser: 'markdown' }));
}
