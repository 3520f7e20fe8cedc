import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import t from './support/tap.ts';
import { projectRoot } from '../server/root.ts';
import { tokenOf } from './support/tokens.ts';

t.test('whoever logs a token, and however, it is not shown', async (t) => {
  const token = await tokenOf('ada');
  const script = `
    import { createLogger } from ${JSON.stringify(join(projectRoot, 'dist/server/logger.js'))};
    const log = createLogger('trace');
    const token = ${JSON.stringify(token)};
    log.info({ url: '/ws?access_token=' + token + '&x=1' }, 'opened');
    log.error({ err: new Error('Bearer ' + token) }, 'GET /ws?a=1&access_token=odd-one');
    log.child({ token }).trace({ deep: { req: { headers: { authorization: 'Bearer odd-one' } } } });
    log.warn('access_token%3Dodd-one and the rest');`;
  const output = execFileSync(process.execPath, ['--input-type=module', '-e', script], { encoding: 'utf8' });
  const lines = output.trim().split('\n');
  t.equal(lines.length, 4);
  for (const line of lines) t.ok(JSON.parse(line), 'it is JSON still');
  t.notOk(output.includes(token) || output.includes('odd-one'), output);
  t.match(lines[0], /access_token=\[not shown\]&x=1/, 'the rest of the line is');
  t.match(lines[3], /and the rest/);
});
