import t from '../support/tap.ts';
import { ninjaProgress } from '../../server/setup/progress.ts';

function shown(isTTY: boolean): string {
  let text = '';
  const onLine = ninjaProgress('Building', { isTTY, write: (part) => (text += part) });
  onLine("ninja: Entering directory 'out'");
  for (let done = 1; done <= 40; done += 1) onLine(`[${done}/40] Compiling C++ object`);
  return text;
}

t.test('on a terminal one line changes', (t) => {
  t.match(shown(true), /^\rBuilding: 1\/40\rBuilding: 2\/40\r[^\n]*\rBuilding: 40\/40\n$/);
  t.end();
});

t.test('elsewhere there is a line each tenth', (t) => {
  const lines = shown(false).trimEnd().split('\n');
  t.equal(lines.length, 11);
  t.same([lines[0], lines[1], lines[10]], ['Building: 1/40', 'Building: 4/40', 'Building: 40/40']);
  t.end();
});
