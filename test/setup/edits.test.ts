import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t from '../support/tap.ts';
import { projectRoot } from '../../server/root.ts';
import { applyEdits, edits } from '../../server/setup/worker/edits.ts';

const edit = { file: 'a.cpp', from: 'x == FLAG', to: 'x & FLAG' };

t.test('the text is replaced', (t) => {
  const folder = t.testdir({ 'a.cpp': 'if (x == FLAG) go();' });
  applyEdits(folder, [edit]);
  t.equal(readFileSync(join(folder, 'a.cpp'), 'utf8'), 'if (x & FLAG) go();');
  t.end();
});

t.test('a text that is not there, or there twice, stops the build and says which', (t) => {
  const folder = t.testdir({ 'a.cpp': 'if (flag(x)) go();' });
  t.throws(() => applyEdits(folder, [edit]), {
    name: 'SetupError',
    message: /"x == FLAG" is 0 times in its a\.cpp/,
  });
  writeFileSync(join(folder, 'a.cpp'), 'x == FLAG; x == FLAG;');
  t.throws(() => applyEdits(folder, [edit]), { name: 'SetupError', message: /is 2 times/ });
  t.end();
});

t.test('the edits fit the mediasoup that is installed', (t) => {
  const worker = join(projectRoot, 'node_modules', 'mediasoup', 'worker');
  for (const { file, from } of edits)
    t.equal(readFileSync(join(worker, file), 'utf8').split(from).length, 2, from);
  t.end();
});
