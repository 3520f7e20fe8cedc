import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import t from '../support/tap.ts';
import { projectRoot } from '../../server/root.ts';

const read = (name: string) => readFile(join(projectRoot, name), 'utf8');

/** The services of a compose file, each with its lines. */
function servicesIn(text: string): Map<string, string> {
  const section = /^services:\n([^]*?)(?=^\S|$(?![^]))/m.exec(text)?.[1] ?? '';
  const services = section.split(/^ {2}(?=[\w-]+:\n)/m).slice(1);
  return new Map(services.map((one) => [/^[\w-]+/.exec(one)?.[0] ?? '', one]));
}

t.test('every service of every compose file has a limit of memory and of processes', async (t) => {
  const files = (await readdir(projectRoot)).filter((name) => /compose.*\.ya?ml$/.test(name));
  const named = new Set<string>();
  const limited = new Map<string, string[]>();
  for (const file of files) {
    for (const [service, text] of servicesIn(await read(file))) {
      named.add(service);
      const limits =
        text.match(/^ {4}(mem_limit: (\$\{[A-Z]+_MEMORY:-)?\d+[mg]\}?|pids_limit: \d+)$/gm) ?? [];
      limited.set(service, [...(limited.get(service) ?? []), ...limits]);
    }
  }
  t.same([...named].sort(), ['caddy', 'caddy-volumes', 'coturn', 'postgres', 'server']);
  for (const service of named) t.equal(limited.get(service)?.length, 2, service);
});

t.test(
  'the container is healthy as long as the server is alive, whether or not the database is',
  async (t) => {
    const check = /^HEALTHCHECK [^]*?CMD (.*)$/m.exec(await read('Dockerfile'))?.[1] ?? '';
    t.match(check, '/healthz');
    t.notMatch(check, 'readyz');
    t.notMatch(servicesIn(await read('docker-compose.yml')).get('server'), 'healthcheck');
  },
);
