import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import t from '../support/tap.ts';
import { projectRoot } from '../../server/root.ts';
import { Scrape } from '../support/metrics.ts';
import { Peer } from '../support/peer.ts';
import { testServer } from '../support/server.ts';

const read = (path: string) => readFile(join(projectRoot, 'docs', path), 'utf8');

/** What of a query names a metric of ours. */
const metricsIn = (query: string): string[] => query.match(/\btrivium_\w+/g) ?? [];

const server = await testServer(t);
await Peer.inRoom(t, server.url, 'tea');
await server.app.inject('/');
const scrape = await Scrape.of(server);

/** The rows of the document’s tables of metrics: name, kind, labels, meaning. */
function rowsOf(markdown: string): Map<string, { kind: string; labels: string[]; help: string }> {
  const rows = markdown.split('\n').filter((line) => line.startsWith('| `trivium_'));
  return new Map(
    rows.map((row) => {
      const [, name = '', kind = '', labels = '', help = ''] = row.split('|').map((cell) => cell.trim());
      const words = [...labels.matchAll(/`(\w+)`/g)].map(([, label = '']) => label);
      return [name.replaceAll('`', ''), { kind, labels: words, help }];
    }),
  );
}

t.test('METRICS.md has every metric with its kind, labels and help, and no other', async (t) => {
  const rows = rowsOf(await read('METRICS.md'));
  t.same([...rows.keys()].sort(), [...scrape.kinds.keys()].sort());
  for (const [name, kind] of scrape.kinds) t.equal(rows.get(name)?.kind, kind, name);
  for (const [, name = '', help] of scrape.text.matchAll(/^# HELP (\S+) (.*)$/gm)) {
    t.equal(rows.get(name)?.help, help, name);
  }
  for (const series of scrape.series) {
    const [, written = '', labels = ''] = /^(\w+)(?:\{(.*)\})?$/.exec(series) ?? [];
    const name = scrape.kinds.has(written) ? written : written.replace(/_(bucket|sum|count)$/, '');
    const names = [...labels.matchAll(/(\w+)="/g)].map(([, label = '']) => label);
    t.same(names.filter((label) => label !== 'le').sort(), rows.get(name)?.labels.toSorted(), series);
  }
});

t.test('the alerts ask for nothing that is not there', async (t) => {
  const text = await read('prometheus/alerts.yml');
  const rules = text.split(/^ +- alert: /m).slice(1);
  t.ok(rules.length > 10);
  for (const rule of rules) {
    const name = /^Trivium\w+/.exec(rule)?.[0];
    t.ok(name, rule);
    const query = /^ +expr: ([^]*?)(?=^ +(?:for|labels): )/m.exec(rule)?.[1] ?? '';
    t.match(query, /trivium/, `${name} asks for something`);
    for (const metric of metricsIn(query)) t.ok(scrape.queryable.has(metric), `${name}: ${metric}`);
    t.match(rule, /severity: (critical|warning) /, `${name} says how bad it is`);
    t.match(rule, /summary: .+\n +description: .+/, `${name} says what it means`);
  }
});

interface Panel {
  id: number;
  title: string;
  type: string;
  datasource?: { uid: string };
  gridPos: { x: number; y: number; w: number; h: number };
  targets?: { expr: string; datasource: { uid: string } }[];
}

interface Dashboard {
  title: string;
  panels: Panel[];
  templating: { list: { name: string; type: string; definition?: string }[] };
  annotations: { list: { expr: string }[] };
}

t.test('the dashboard asks for nothing that is not there, by the data source that is chosen', async (t) => {
  const dashboard = JSON.parse(await read('prometheus/dashboard.json')) as Dashboard;
  const variables = dashboard.templating.list;
  t.match(variables[0], { name: 'DS_PROMETHEUS', type: 'datasource' });
  const panels = dashboard.panels.filter(({ type }) => type !== 'row');
  t.ok(panels.length > 20);
  t.equal(new Set(dashboard.panels.map(({ id }) => id)).size, dashboard.panels.length, 'each has its own id');
  const queries = panels.flatMap(({ title, datasource, targets = [] }) => {
    t.ok(targets.length > 0, title);
    for (const one of [...targets.map((target) => target.datasource), datasource]) {
      t.equal(one?.uid, '${DS_PROMETHEUS}', title);
    }
    return targets.map(({ expr }) => expr);
  });
  const others = [
    ...variables.map(({ definition = '' }) => definition),
    ...dashboard.annotations.list.map(({ expr }) => expr),
  ];
  for (const query of [...queries, ...others]) {
    for (const metric of metricsIn(query)) t.ok(scrape.queryable.has(metric), `${metric} in ${query}`);
  }
  for (const query of queries) {
    t.match(query, /trivium_/);
    for (const variable of query.match(/\$\w+/g) ?? []) {
      t.ok(['$job', '$instance', '$__rate_interval'].includes(variable), variable);
    }
  }
  for (const { gridPos: a, title } of dashboard.panels) {
    t.ok(a.x >= 0 && a.x + a.w <= 24, title);
    const under = dashboard.panels.filter(
      ({ gridPos: b }) => a !== b && a.x < b.x + b.w && b.x < a.x + a.w && a.y < b.y + b.h && b.y < a.y + a.h,
    );
    t.same(under, [], `${title} lies over no other`);
  }
});
