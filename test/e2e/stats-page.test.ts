// Demanding: see test/support/schedule.ts.
import { readFile } from 'node:fs/promises';
import type { Locator, Page } from 'playwright-core';
import t, { type Test } from '../support/tap.ts';
import { chromiumPath, joinRoom, newPerson, testBrowser, until } from '../support/browser.ts';
import { builtClient } from '../support/client.ts';
import { drawnLine, shareDrawn, type Point } from '../support/drawn.ts';
import { Network } from '../support/network.ts';
import { asking, type Ask } from '../support/rest.ts';
import { lastWritten, testServer } from '../support/server.ts';

const LOST = 0.2;
/** Steps of 5 s in which much was lost. */
const LOSSY_STEPS = 4;

const lines = [
  { field: 'upBitrateBps', color: '--up' },
  { field: 'downBitrateBps', color: '--down' },
  { field: 'upLossRatio', color: '--lost-up' },
  { field: 'downLossRatio', color: '--lost-down' },
] as const;

interface Answered {
  time: number[];
  step: number;
  fields: Record<string, (number | null)[]>;
}

const chartOf = (page: Page, name: string): Locator => page.getByRole('region', { name, exact: true });

t.test('the page of a call shows what the API says of it, live and later', async (t) => {
  const network = await Network.create(t);
  const server = await testServer(
    t,
    {
      HOST: network.host,
      ANNOUNCED_ADDRESS: network.host,
      WORKERS: '1',
      STATS_INTERVAL_MS: '1000',
      EMPTY_ROOM_TTL_MS: '10',
    },
    { clientDir: await builtClient() },
  );
  // Away from localhost, browsers give the camera by https only.
  const more = [`--unsafely-treat-insecure-origin-as-secure=${server.url}`];
  const [far, near] = await Promise.all([
    testBrowser(t, { largePictures: true, executablePath: await network.program(t, chromiumPath()), more }),
    testBrowser(t, { whole: true, largePictures: true, more }),
  ]);
  const [ada, ben] = await Promise.all([newPerson(far), newPerson(near)]);
  await joinRoom(ada.page, server.url, 'tea', 'Ada');
  await joinRoom(ben.page, server.url, 'tea', 'Ben');
  await ben.page.getByRole('group', { name: 'Ada', exact: true }).locator('video').waitFor();
  await network.lose('up', LOST);

  const { page } = await newPerson(near);
  await page.goto(`${server.url}/r/tea/stats`);
  await page.getByText('Live', { exact: true }).waitFor();
  const canvas = chartOf(page, 'Ada').locator('.chart-canvas');
  await canvas.locator('canvas').waitFor();
  const firstLabel = await canvas.getAttribute('aria-label');
  await page.waitForFunction(
    ([label]) => document.querySelector('.chart-canvas')?.getAttribute('aria-label') !== label,
    [firstLabel],
  );
  t.pass('a live chart goes on by itself');

  const ask = asking(server, undefined);
  await until(
    'losses are measured, and every line of everybody',
    () => measuredSteps(ask),
    (steps) => steps >= LOSSY_STEPS,
    60_000,
  );
  await Promise.all([ada.page, ben.page].map((one) => one.getByRole('button', { name: 'Leave' }).click()));
  await page.getByText('Live', { exact: true }).waitFor({ state: 'detached' });
  t.pass('it says when the call has ended');
  await lastWritten(server.recorder);

  await page.reload();
  await chartOf(page, 'Ada').locator('canvas').waitFor();
  const session = new URL(page.url()).searchParams.get('session') ?? '';
  t.match(session, /^[0-9a-f-]{36}$/, 'the link names the session');
  const { body: timeline } = await ask('GET', `/rooms/${session}/timeline?step=5`);
  const shown = {
    from: Date.parse(timeline['from'] as string) / 1000,
    to: Date.parse(timeline['to'] as string) / 1000,
  };
  const people = timeline['participants'] as { participantId: string; displayName: string }[];
  t.same(people.map(({ displayName }) => displayName).sort(), ['Ada', 'Ben']);

  for (const { participantId, displayName } of people) {
    const { body } = await ask(
      'GET',
      `/participants/${participantId}/stats?step=5&from=${timeline['from'] as string}&to=${timeline['to'] as string}&fields=${lines.map(({ field }) => field).join(',')}`,
    );
    const { time, fields } = body as unknown as Answered;
    const card = chartOf(page, displayName);
    await card.scrollIntoViewIfNeeded();
    await card.locator('canvas').waitFor();
    for (const [n, { field }] of lines.entries()) {
      const points = time.flatMap((at, index): Point[] => {
        const value = fields[field]?.[index];
        return typeof value === 'number' ? [{ at, value }] : [];
      });
      t.ok(points.length >= 4, `${displayName}: ${field} has points`);
      // Where lines cross, the later one covers the earlier one.
      const colors = lines.slice(n).map(({ color }) => color);
      const line = await drawnLine(card.locator('.chart-canvas'), colors);
      t.equal(
        shareDrawn(line, points, shown, axisEnd(field, fields)),
        1,
        `${displayName}: ${field} is drawn as the API has it`,
      );
    }
    await card.getByText('As a table').click();
    await card.locator('tbody tr').first().waitFor();
    const cells = await card
      .locator('tbody tr')
      .evaluateAll((rows) =>
        rows.map((row) =>
          [...row.querySelectorAll('td[data-value], td:not([data-value])')].map((cell) =>
            cell.getAttribute('data-value'),
          ),
        ),
      );
    t.same(
      cells.map((row) => row.slice(0, lines.length)),
      time.map((_, n) =>
        lines.map(({ field }) => {
          const value = fields[field]?.[n];
          return value === null || value === undefined ? null : String(value);
        }),
      ),
      `${displayName}: the table has the same`,
    );
    const over = card.locator('.u-over');
    const box = await over.boundingBox();
    const index = Math.floor(time.length / 2);
    const at = (((time[index] ?? 0) - shown.from) / (shown.to - shown.from)) * (box?.width ?? 0);
    const value = fields['upLossRatio']?.[index];
    const told = typeof value === 'number' ? `${Number((value * 100).toFixed(1))} %` : '–';
    // While the page settles, the chart may move away from under a mouse that rests.
    let y = 40;
    await until(
      `${displayName}: and so does the cursor, ${told}`,
      async () => {
        await over.hover({ position: { x: Math.round(at), y: (y = 81 - y) } });
        return card.locator('[data-field=upLossRatio] dd').innerText();
      },
      (read) => read === told,
    );
  }

  const { body: summary } = await ask('GET', `/rooms/${session}/summary`);
  const { text } = summary['verdict'] as { text: string };
  t.match(text, /Ada: up to .* was lost on the way to the server/);
  await page.getByText(text).waitFor();
  t.match(await page.getByRole('row', { name: /^Ada/ }).innerText(), /trouble on their way/);
  const { body: scores } = await ask('GET', `/rooms/${session}/scores`);
  const [hers = 5, his = 0] = ['Ada', 'Ben'].map((name) => {
    const id = people.find(({ displayName }) => displayName === name)?.participantId;
    const { audio } = (scores['participants'] as { participantId: string; audio: (number | null)[] }[]).find(
      ({ participantId }) => participantId === id,
    ) ?? { audio: [] };
    return Math.min(...audio.map((value) => value ?? Infinity));
  });
  t.comment(`the lowest scores of sound: Ada ${hers}, Ben ${his}`);
  t.ok(hers < 3.2 && his > 4, 'who lost packets has the lower score');

  await zoomed(t, page);
  await saved(t, page);
});

/**
 * The number of steps of the room's latest call in which upload loss is near the network's, or for which every participant has
 * every line, whichever is lower.
 */
async function measuredSteps(ask: Ask): Promise<number> {
  const names = lines.map(({ field }) => field);
  const { body } = await ask('GET', `/rooms/tea/timeline?step=5&fields=${names.join(',')}`);
  const people = body['participants'] as Pick<Answered, 'fields'>[];
  const values = (name: string) =>
    people.map(({ fields }) => (fields[name] ?? []).filter((value) => value !== null));
  const lossy = values('upLossRatio')
    .flat()
    .filter((ratio) => ratio > LOST / 2).length;
  return Math.min(lossy, ...names.flatMap(values).map(({ length }) => length));
}

/** The highest value of an axis: 8 % above both lines that it has, or what every axis has at least. */
function axisEnd(field: string, fields: Answered['fields']): number {
  const isBandwidth = field.endsWith('Bps');
  const both = lines
    .filter((one) => one.field.endsWith('Bps') === isBandwidth)
    .map((one) => fields[one.field]);
  const highest = 1.08 * Math.max(...both.flatMap((values = []) => values.map((value) => value ?? 0)));
  return isBandwidth ? Math.max(500_000, highest) : Math.min(1, Math.max(0.1, highest));
}

/** A part that is drawn over is shown by all charts, and by its link. */
async function zoomed(t: Test, page: Page): Promise<void> {
  const span = page.locator('.toolbar-span');
  const before = await span.innerText();
  const over = chartOf(page, 'Ada').locator('.u-over');
  // Not under what stays at the top.
  await over.evaluate((element) => element.scrollIntoView({ block: 'center' }));
  const box = await over.boundingBox();
  if (!box) throw new Error('the chart has no place');
  await page.mouse.move(box.x + box.width * 0.1, box.y + 50);
  await page.mouse.down();
  await page.mouse.move(box.x + box.width * 0.95, box.y + 60, { steps: 5 });
  await page.mouse.up();
  await page.waitForFunction(() => /from=.*to=/.test(location.search));
  const after = await span.innerText();
  t.not(after, before, 'less is shown');
  const other = await page.context().newPage();
  await other.goto(page.url());
  await other.locator('.toolbar-span').filter({ hasText: after }).waitFor();
  t.pass('a link keeps the zoom');
  await other.close();
  await over.dblclick();
  await span.filter({ hasText: before }).waitFor();
  t.pass('a double click shows everything again');
}

async function saved(t: Test, page: Page): Promise<void> {
  const file = async (name: string) => {
    const [download] = await Promise.all([
      page.waitForEvent('download'),
      page.getByRole('button', { name }).click(),
    ]);
    t.match(download.suggestedFilename(), new RegExp(`^tea-.*\\.${name.toLowerCase()}$`));
    return readFile(await download.path());
  };
  const csv = (await file('CSV')).toString();
  t.match(csv, /^time,participantId,displayName,upBitrateBps,downBitrateBps,upLossRatio,downLossRatio\r\n/);
  t.match(csv, /,"Ada",\d+/);
  const png = await file('PNG');
  t.same([...png.subarray(1, 4)], [...Buffer.from('PNG')]);
  t.equal(png.readUInt32BE(16), 1_200, 'as wide as it should be');
  t.ok(png.readUInt32BE(20) > 2 * 200, 'both charts are in it');
}
