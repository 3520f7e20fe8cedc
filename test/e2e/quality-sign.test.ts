// Demanding: see test/support/schedule.ts.
import type { Page } from 'playwright-core';
import t from '../support/tap.ts';
import { framesShown, joinRoom, newPerson, testBrowser, tile, until } from '../support/browser.ts';
import { builtClient } from '../support/client.ts';
import { testServer } from '../support/server.ts';

const clientDir = await builtClient();

const signOf = (page: Page, name: string) => tile(page, name).getByRole('button', { name: /connection/i });

const panelOn = (page: Page) => page.locator('.quality-panel:popover-open');

/** A row of the open panel: its values, as they stand there. */
const row = (page: Page, name: string) =>
  panelOn(page).getByRole('row', { name }).getByRole('cell').allTextContents();

/** Waits until a row of the open panel says one thing, of this form. */
const says = (page: Page, name: string, form: RegExp) =>
  until(
    `${name} as ${form.source}`,
    () => row(page, name),
    (values) => values.length === 1 && form.test(values[0] ?? ''),
  );

/** In kbit/s; 0 where it is not known. */
function kbitsOf(text = ''): number {
  const [, value = '0', unit] = /^([\d.]+) ([kM])bit\/s$/.exec(text) ?? [];
  return Number(value) * (unit === 'M' ? 1_000 : 1);
}

/** How many points the drawing of the bandwidth has. */
const pointsOf = async (page: Page): Promise<number> => {
  const path = await panelOn(page).locator('.quality-line-down').first().getAttribute('d');
  return path?.match(/[ML]/g)?.length ?? 0;
};

/** Whether the open panel is beside its sign, as far as the window has place for it there. */
const isBeside = (page: Page, name: string): Promise<boolean> =>
  signOf(page, name).evaluate((sign) => {
    const panel = document.querySelector('.quality-panel:popover-open')?.getBoundingClientRect();
    if (!panel) throw new Error('no panel is open');
    const { left, top, bottom } = sign.getBoundingClientRect();
    const isAt = (one: number, other: number) => Math.abs(one - other) < 1;
    const [gap, right] = [6, innerWidth - 6];
    return (
      isAt(panel.left, Math.max(gap, Math.min(left, right - panel.width))) &&
      (isAt(panel.top, bottom + gap) ||
        isAt(panel.bottom, top - gap) ||
        isAt(panel.top, gap) ||
        isAt(panel.bottom, innerHeight - gap))
    );
  });

async function openPanel(page: Page, name: string): Promise<void> {
  await signOf(page, name).click();
  await panelOn(page).waitFor();
}

t.test('each tile says how its connection is, and a click with what figures', async (t) => {
  const { url } = await testServer(t, { STATS_INTERVAL_MS: '1000' }, { clientDir });
  const browser = await testBrowser(t);
  const [{ page: ada }, { page: ben }] = [await newPerson(browser), await newPerson(browser)];
  const complaints: string[] = [];
  ada.on('console', (message) => message.type() === 'error' && complaints.push(message.text()));
  ada.on('pageerror', (error) => complaints.push(String(error)));
  await joinRoom(ada, url, 'tea', 'Ada');
  t.equal(await signOf(ada, 'Ada').textContent(), 'Your connection: unknown', 'nothing is known yet');
  await joinRoom(ben, url, 'tea', 'Ben');
  await until(
    'Ben is seen',
    () => framesShown(ada, 'Ben'),
    (frames) => frames > 5,
  );
  for (const [name, whose] of [
    ['Ada', 'Your connection'],
    ['Ben', 'Connection of Ben'],
  ] as const) {
    const said = await until(
      `a grade of ${name}`,
      () => signOf(ada, name).textContent(),
      (text) => /: (good|fair|poor)$/.test(text ?? ''),
    );
    t.match(said, new RegExp(`^${whose}: `));
  }

  await openPanel(ada, 'Ada');
  t.equal(await signOf(ada, 'Ada').getAttribute('aria-expanded'), 'true');
  await panelOn(ada).getByRole('heading', { name: 'Your connection' }).waitFor();
  const both = await until(
    'bandwidth both ways',
    () => row(ada, 'Bandwidth'),
    (values) => values.length === 2 && values.every((value) => kbitsOf(value) > 0),
  );
  t.comment(`sending and receiving: ${both.join(', ')}`);
  await until(
    'losses both ways',
    () => row(ada, 'Lost packets'),
    (values) => values.length === 2 && values.every((value) => /^(< )?[\d.]+ %$/.test(value)),
  );
  await says(ada, 'Round trip', /^\d+ ms$/);
  await says(ada, 'Camera', /^\d+p, \d+ frames\/s$/);
  const before = await pointsOf(ada);
  await until(
    'the history grows',
    () => pointsOf(ada),
    (points) => points >= before + 2,
  );
  t.match(
    await panelOn(ada).getByRole('img').first().getAttribute('aria-label'),
    /^Bandwidth: sending .*bit\/s in the last minute, now .*; receiving /,
    'in words too',
  );
  t.ok(await isBeside(ada, 'Ada'));
  const signAt = () => signOf(ada, 'Ada').boundingBox();
  const at = await signAt();
  const { page: cleo } = await newPerson(browser);
  await joinRoom(cleo, url, 'tea', 'Cleo');
  await tile(ada, 'Cleo').waitFor();
  t.strictNotSame(await signAt(), at, 'tiles move when others come');
  await until('the panel moves with its tile', () => isBeside(ada, 'Ada'), Boolean);
  await cleo.getByRole('button', { name: 'Leave' }).click();
  await tile(ada, 'Cleo').waitFor({ state: 'detached' });
  await until('and back again', () => isBeside(ada, 'Ada'), Boolean);
  await ada.keyboard.press('Escape');
  await panelOn(ada).waitFor({ state: 'detached' });
  t.equal(await signOf(ada, 'Ada').evaluate((sign) => sign === document.activeElement), true);

  await ada.setViewportSize({ width: 390, height: 700 });
  await openPanel(ada, 'Ben');
  await panelOn(ada).getByRole('heading', { name: 'Connection of Ben' }).waitFor();
  await until(
    'bandwidth of Ben',
    () => row(ada, 'Bandwidth'),
    ([value]) => kbitsOf(value) > 0,
  );
  await says(ada, 'Picture', /^\d+p, \d+ frames\/s$/);
  await says(ada, 'Freezes', /^(none in 1 min|\d+ in 1 min, [\d.]+ s)$/);
  const box = await panelOn(ada).boundingBox();
  t.ok(
    box && box.x >= 0 && box.y >= 0 && box.x + box.width <= 390 && box.y + box.height <= 700,
    'all to be seen',
  );

  await ada.getByRole('heading', { name: 'tea' }).click();
  await panelOn(ada).waitFor({ state: 'detached' });
  t.pass('a click elsewhere closes it');

  await openPanel(ada, 'Ben');
  await ben.getByRole('button', { name: 'Camera' }).click();
  await until(
    'no picture any more',
    () => row(ada, 'Picture'),
    ([value]) => value === '–',
  );
  await ben.getByRole('button', { name: 'Leave' }).click();
  await panelOn(ada).waitFor({ state: 'detached' });
  t.equal(await signOf(ada, 'Ben').count(), 0, 'who leaves takes it along');
  t.same(complaints, [], 'nothing was refused by the page’s policy');
});
