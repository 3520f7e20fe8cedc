import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import t from '../../support/tap.ts';
import { projectRoot } from '../../../server/root.ts';
import { audioScore } from '../../../server/stats/score/audio-score.ts';
import { videoScore } from '../../../server/stats/score/video-score.ts';

const file = join(projectRoot, 'docs/SCORES.md');

/** The table of docs/SCORES.md whose first cell is that: names of columns, then rows that begin with theirs. */
async function tableOf(
  first: string,
): Promise<{ names: number[]; rows: { name: number; values: string[] }[] }> {
  const lines = (await readFile(file, 'utf8'))
    .split('\n')
    .map((line) => line.split('|').map((cell) => cell.trim()));
  const begin = lines.findIndex(([, cell]) => cell === first);
  const rest = lines.slice(begin + 2);
  const rows = rest.slice(
    0,
    rest.findIndex((cells) => cells.length < 2),
  );
  return {
    names: (lines[begin] ?? []).slice(2, -1).map((cell) => parseFloat(cell)),
    rows: rows.map(([, name = '', ...values]) => ({ name: parseFloat(name), values: values.slice(0, -1) })),
  };
}

const good = { freezes: 0, freezeMs: 0, fps: 30, frameHeight: 720, periodMs: 60_000 };

t.test('the tables of docs/SCORES.md are what is computed', async (t) => {
  const scores: [string, number, (row: number, column: number) => number | undefined][] = [
    ['audio', 9, (percent, rttMs) => audioScore({ lossRatio: percent / 100, rttMs, jitterMs: 5 })],
    ['video', 7, (freezes, seconds) => videoScore({ ...good, freezes, freezeMs: seconds * 1000 })],
    ['frames per second', 1, (_, fps) => videoScore({ ...good, fps })],
    ['height', 1, (_, frameHeight) => videoScore({ ...good, frameHeight })],
  ];
  for (const [first, count, scoreOf] of scores) {
    const { names, rows } = await tableOf(first);
    t.equal(rows.length, count, first);
    for (const { name, values } of rows) {
      t.same(
        values,
        names.map((column) => scoreOf(name, column)?.toFixed(2)),
        `${first}: ${name}`,
      );
    }
  }
});
