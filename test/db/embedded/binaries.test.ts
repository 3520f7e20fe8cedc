import { execFileSync } from 'node:child_process';
import { chmod, cp, mkdir, readlink, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import t from '../../support/tap.ts';
import { chooseAccount } from '../../../server/db/embedded/account.ts';
import { findBinaries, packageFolder } from '../../../server/db/embedded/binaries.ts';
import { temporaryFolder } from '../../support/postgres.ts';

const installed = packageFolder(process.platform, process.arch);

t.test('makes the links that the install script would have made', async (t) => {
  const folder = join(await temporaryFolder(t), 'package');
  await cp(installed, folder, { recursive: true, verbatimSymlinks: true });
  const link = join(folder, 'native/lib/libicui18n.so.60');
  await rm(link, { force: true });
  const { bin, major } = await findBinaries(undefined, { folder });
  t.equal(bin, join(folder, 'native/bin'));
  t.equal(major, '18');
  t.equal(await readlink(link), 'libicui18n.so.60.2');
});

t.test('uses a copy where they cannot be executed or written to in their place', async (t) => {
  const place = await temporaryFolder(t);
  const folder = join(place, 'home', 'package');
  const cache = join(place, 'cache');
  await mkdir(dirname(folder));
  await cp(installed, folder, { recursive: true, verbatimSymlinks: true });
  await rm(join(folder, 'native/lib/libicui18n.so.60'), { force: true });
  await chmod(join(folder, 'native/lib'), 0o555);
  await chmod(dirname(folder), 0o700);
  t.teardown(() => chmod(join(folder, 'native/lib'), 0o755));

  const account = await chooseAccount(join(place, 'no-database-yet'));
  const { bin } = await findBinaries(account, { folder, cache });
  t.ok(bin.startsWith(cache));
  t.match(
    execFileSync(join(bin, 'postgres'), ['--version'], { ...account, cwd: '/', encoding: 'utf8' }),
    /^postgres \(PostgreSQL\) 18/,
  );
  t.equal((await findBinaries(account, { folder, cache })).bin, bin, 'the same one the next time');
});

t.test('says what to do on a platform without them', (t) => {
  t.throws(() => packageFolder('sunos', 'x64'), {
    name: 'EmbeddedPostgresError',
    message: 'There is no embedded PostgreSQL for sunos on x64. Set DATABASE_URL to one of your own.',
  });
  const other = process.arch === 'x64' ? 'arm64' : 'x64';
  t.throws(() => packageFolder('linux', other), {
    message: /linux-(x64|arm64) is not installed\. Run `npm ci`/,
  });
  t.end();
});
