import { cpus } from 'node:os';
import t from '../support/tap.ts';
import { report } from '../bench/report.ts';
import { callOverNetwork, callOverRelay } from '../support/measured-call.ts';
import type { Way } from '../support/network.ts';
import { recorded, type RecordedWay } from '../support/recorded.ts';
import { bitrateOf, limits, lossOf, reached, truthOf } from '../support/truth.ts';

/** How long each case is measured, in rollups of 15 s. */
const BUCKETS = 3;
/** Until a new network shows in the reports of those who receive, and in what senders send, in ms. */
const WARM_UP_MS = 12_000;
/** Until the last sample of a period is written, in ms. */
const WRITTEN_MS = 2_000;
const ways = ['up', 'down'] as const;

interface Case {
  name: string;
  /** The share of packets that is lost by chance. */
  loss: Partial<Record<Way, number>>;
  /** The rate that there is, in bit/s. */
  rate: Partial<Record<Way, number>>;
}

const percent = (share: number) => (share * 100).toFixed(2);
const kbit = (bitrate: number) => (bitrate / 1000).toFixed(0);
const twoDigits = new Intl.NumberFormat('en', {
  signDisplay: 'exceptZero',
  minimumFractionDigits: 2,
  maximumFractionDigits: 2,
});
const signed = (value: number) => twoDigits.format(value);

const cases: Case[] = [
  { name: 'nothing', loss: {}, rate: {} },
  // Before the losses, after which senders try higher rates with care only.
  { name: '1 Mbit/s up', loss: {}, rate: { up: 1_000_000 } },
  { name: '600 kbit/s down', loss: {}, rate: { down: 600_000 } },
  ...[0.02, 0.05, 0.1, 0.2].flatMap((loss) =>
    [['up'], ['down'], ['up', 'down']].map((lost) => ({
      name: `${loss * 100} % ${lost.length > 1 ? 'both ways' : lost.join('')}`,
      loss: Object.fromEntries(lost.map((way) => [way, loss])),
      rate: {},
    })),
  ),
];

t.test('what is recorded against what the network counted', { timeout: 1_700_000 }, async (t) => {
  const { network, ada, ben, ask } = await callOverNetwork(t);
  const losses = [
    '| network | way | packets | lost, % | recorded, % | off by, points | her browser, % | Ben’s, % | missed |',
    '| --- | --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: |',
  ];
  const bitrates = [
    '| network | way | on the cable, kbit/s | recorded, kbit/s | off by, % |',
    '| --- | --- | ---: | ---: | ---: |',
  ];
  for (const { name, loss, rate } of cases) {
    for (const way of ways) {
      await network.lose(way, loss[way] ?? 0);
      await network.limit(way, rate[way]);
    }
    const truth = await truthOf(network, BUCKETS, WARM_UP_MS);
    await reached(truth.to + WRITTEN_MS);
    const [hers, sampled, hersByBrowser, his] = await Promise.all([
      recorded(ask, ada.path, truth),
      recorded(ask, ada.path, { ...truth, step: 5 }),
      recorded(ask, ada.path, { ...truth, reporter: 'browser' }),
      recorded(ask, ben.path, truth),
    ]);
    for (const way of ways) {
      const [lost, bitrate] = [lossOf(truth[way]), bitrateOf(truth, way)];
      const off = { loss: hers[way].loss - lost, bitrate: hers[way].bitrate / bitrate - 1 };
      const packets = truth[way].passed + truth[way].dropped;
      const browser = way === 'down' ? percent(hersByBrowser.down.loss) : '';
      const figures = [packets, percent(lost), percent(hers[way].loss), signed(off.loss * 100), browser];
      losses.push(`| ${[name, way, ...figures, percent(his[way].loss), truth.missed].join(' | ')} |`);
      bitrates.push(
        `| ${[name, way, kbit(bitrate), kbit(hers[way].bitrate), signed(off.bitrate * 100)].join(' | ')} |`,
      );
      t.comment(losses.at(-1));
      t.comment(bitrates.at(-1));

      t.ok(hers[way].packets >= limits.packets, `${name}, ${way}: enough packets`);
      // A queue that is full drops bursts of probing above all, which are no media.
      if (rate[way] === undefined) t.ok(Math.abs(off.loss) < limits.loss, `${name}, ${way}: the loss`);
      else t.ok(hers[way].loss < lost + limits.loss, `${name}, ${way}: no more than was lost`);
      const missing = truth.missed / hers[way].packets;
      if (lost === 0) t.ok(hers[way].loss <= limits.zero + missing, `${name}, ${way}: an honest zero`);
      t.ok(Math.abs(off.bitrate) < limits.bitrate, `${name}, ${way}: the bandwidth`);
      const missed = truth.missed / his[way].packets;
      t.ok(his[way].loss < limits.none + missed, `${name}, ${way}: who lost nothing did not`);
      t.ok(same(sampled[way], hers[way]), `${name}, ${way}: samples and rollups say the same`);
    }
  }
  const where = `${cpus().length} cores, Node ${process.versions.node}, ${BUCKETS * 15} s each`;
  await report('quality-losses', losses, where, 'RELIABILITY.md');
  await report('quality-bitrates', bitrates, where, 'RELIABILITY.md');
});

t.test('round-trip times', { timeout: 300_000 }, async (t) => {
  const table = ['| added, ms | recorded by the server, ms | by the browser, ms |', '| ---: | ---: | ---: |'];
  for (const delayMs of [25, 50, 150]) {
    await t.test(`${delayMs} ms either way`, async (t) => {
      const { relay, ada, ask } = await callOverRelay(t, delayMs);
      const from = Math.ceil((Date.now() + WARM_UP_MS) / 1000) * 1000;
      const period = { from, to: from + 20_000, step: 1 };
      await reached(period.to + WRITTEN_MS);
      const [server, browser] = await Promise.all([
        recorded(ask, ada.path, period),
        recorded(ask, ada.path, { ...period, reporter: 'browser' }),
      ]);
      const times = [relay.addedMs, server.rttMs, browser.rttMs];
      table.push(`| ${times.map((ms) => ms.toFixed(1)).join(' | ')} |`);
      t.comment(table.at(-1));
      t.ok(Math.abs(server.rttMs - relay.addedMs) < limits.rttMs, 'as the server has it');
      t.ok(Math.abs(browser.rttMs - relay.addedMs) < limits.rttMs, 'as the browser has it');
    });
  }
  await report(
    'quality-rtt',
    table,
    `${cpus().length} cores, Node ${process.versions.node}`,
    'RELIABILITY.md',
  );
});

const same = (one: RecordedWay, other: RecordedWay): boolean =>
  Math.abs(one.loss - other.loss) < 0.002 &&
  Math.abs(one.bitrate / other.bitrate - 1) < 0.01 &&
  Math.abs(one.packets / other.packets - 1) < 0.01;
