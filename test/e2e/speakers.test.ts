// Demanding: see test/support/schedule.ts.
import type { Page } from 'playwright-core';
import t, { type Test } from '../support/tap.ts';
import { joinRoom, newPerson, testBrowser, tile, until, withoutPictures } from '../support/browser.ts';
import { builtClient } from '../support/client.ts';
import { cameAt, movingOn, noteFrames, seenFrom, shownOn, swapsIn, type Shown } from '../support/frames.ts';
import { testServer } from '../support/server.ts';
import { giveVoice, hush, speak } from '../support/voices.ts';
import { counts } from '../support/watching.ts';

const clientDir = await builtClient();

const NAMES = ['Ada', 'Ben', 'Cleo', 'Dan', 'Eve', 'Fay'];
/** Those whose pages are looked at. */
const VIEWERS = ['Ada', 'Ben'];
const PLACES = 3;
/** How long somebody speaks at least, in ms, and at most, where one is not seen. */
const TURN_MS = 3_000;
const LONGEST_TURN_MS = 30_000;
/** After so long, in ms, whoever coughed would have been shown. */
const NOTICED_MS = 3_000;
/** How long cross-talk goes on, in ms. */
const CROSS_TALK_MS = 6_000;

/** Where there is no screen the browser shares a moving picture of its own making. */
const SHARED_SCREEN = '--use-fake-device-for-media-stream=fps=10,display-media-type=browser';

const passes = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

/** Six people in a room, each with a page; the pictures on some of the pages are noted. */
class Meeting {
  readonly #pages: Map<string, Page>;

  private constructor(pages: Map<string, Page>) {
    this.#pages = pages;
  }

  static async of(t: Test, url: string): Promise<Meeting> {
    const browser = await testBrowser(t, { more: [SHARED_SCREEN] });
    const meeting = new Meeting(new Map());
    for (const [index, name] of NAMES.entries()) {
      const { page } = await newPerson(browser);
      await page.setViewportSize({ width: 640, height: 480 });
      await giveVoice(page, 90 + 25 * index);
      if (!VIEWERS.includes(name)) await withoutPictures(page);
      await joinRoom(page, url, 'tea', name);
      meeting.#pages.set(name, page);
    }
    for (const viewer of VIEWERS) {
      await noteFrames(meeting.page(viewer), viewer);
      await meeting.three(viewer);
    }
    return meeting;
  }

  page(name: string): Page {
    const page = this.#pages.get(name);
    if (!page) throw new Error(`${name} has no page.`);
    return page;
  }

  shown(viewer: string): Promise<Shown[]> {
    return shownOn(this.page(viewer));
  }

  moving(viewer: string): Promise<string[]> {
    return movingOn(this.page(viewer));
  }

  /** Whom a viewer sees, once that are three. */
  three(viewer: string): Promise<string[]> {
    return until(
      `${viewer} sees three`,
      () => this.moving(viewer),
      ({ length }) => length === PLACES,
    );
  }

  /** Whom a viewer sees, once that are three, of whom that one is one. */
  sees(viewer: string, name: string): Promise<string[]> {
    return until(
      `${viewer} sees ${name}, and three`,
      () => this.moving(viewer),
      (moving) => moving.length === PLACES && moving.includes(name),
    );
  }

  /** Those whose camera Ada does not see. */
  async unwatched(): Promise<string[]> {
    const moving = await this.three('Ada');
    return NAMES.filter((name) => name !== 'Ada' && !moving.includes(name));
  }

  /** Whose pictures came on a viewer's page from a time on, up to another one. */
  async cameSince(viewer: string, from: number, to = Infinity): Promise<string[]> {
    const shown = await this.shown(viewer);
    return shown.filter((one) => cameAt(one) >= from && cameAt(one) <= to).map(({ name }) => name);
  }

  speak(name: string, ms: number, after = 0): Promise<number> {
    return speak(this.page(name), ms, after);
  }

  /** People speak in turns, of which one begins so long after another. @returns when that began. */
  async takeTurns(names: string[], ms: number, apart: number): Promise<number> {
    const from = Date.now();
    await Promise.all(names.map((name, index) => this.speak(name, ms, index * apart)));
    await passes(names.length * apart);
    return from;
  }
}

t.test('the three follow who speaks, do not flicker, and let pins and screens be', async (t) => {
  const server = await testServer(t, {}, { clientDir });
  const meeting = await Meeting.of(t, server.url);
  const follows: number[] = [];

  /** Somebody speaks until whoever watches sees them, and three all in all. @returns when that began. */
  const turn = async (t: Test, speaker: string, viewers: string[]): Promise<number> => {
    const at = await meeting.speak(speaker, LONGEST_TURN_MS);
    await passes(TURN_MS);
    for (const viewer of viewers) {
      await meeting.sees(viewer, speaker);
      follows.push((seenFrom(await meeting.shown(viewer), speaker, at) ?? NaN) - at);
      t.pass(`${viewer} sees ${speaker}`);
    }
    await hush(meeting.page(speaker));
    return at;
  };

  const staysOnAdasPage = async (t: Test, name: string, from: number) => {
    const pictures = (await meeting.shown('Ada')).filter((one) => one.name === name && one.until >= from);
    t.equal(pictures.length, 1, `${name} is seen without a break`);
    t.ok((await meeting.sees('Ada', name)).length, `${name} moves still`);
  };

  await t.test('one after another speaks', async (t) => {
    for (let turns = 0; turns < 4; turns += 1) {
      const [speaker = ''] = await meeting.unwatched();
      const at = await turn(
        t,
        speaker,
        VIEWERS.filter((viewer) => viewer !== speaker),
      );
      if (speaker === 'Ben') t.same(await meeting.cameSince('Ben', at), [], 'nothing changes for who speaks');
    }
  });

  await t.test('a cough', async (t) => {
    const [somebody = ''] = await meeting.unwatched();
    const [speaker = ''] = await meeting.three('Ada');
    // In silence anything may lead: how long nobody has spoken would be the machine's affair.
    await meeting.speak(speaker, TURN_MS);
    const at = await meeting.speak(somebody, 200, TURN_MS / 2);
    await passes(TURN_MS / 2 + NOTICED_MS);
    t.same(await meeting.cameSince('Ada', at), [], `${somebody} has coughed while ${speaker} spoke`);
  });

  await t.test('three who are watched take quick turns', async (t) => {
    const watched = await meeting.three('Ada');
    const turns = Array.from({ length: 12 }, (_, index) => watched[index % watched.length] ?? '');
    const from = await meeting.takeTurns(turns, 500, 500);
    t.same(await meeting.cameSince('Ada', from), [], 'nothing changes');
  });

  await t.test('five speak at once', async (t) => {
    const from = Date.now();
    await Promise.all(NAMES.slice(1).map((name) => meeting.speak(name, CROSS_TALK_MS)));
    await passes(CROSS_TALK_MS);
    const came = await meeting.cameSince('Ada', from, from + CROSS_TALK_MS);
    t.comment(`swaps: ${came.length} (${came.join(', ')})`);
    t.ok(came.length <= 2, 'at most two swaps in six seconds');
  });

  await t.test('five interrupt each other', async (t) => {
    const apart = 600;
    const turns = Array.from(
      { length: CROSS_TALK_MS / apart },
      (_, index) => NAMES[1 + ((index * 2) % 5)] ?? '',
    );
    const from = await meeting.takeTurns(turns, 900, apart);
    const came = await meeting.cameSince('Ada', from, from + CROSS_TALK_MS);
    t.comment(`swaps: ${came.length} (${came.join(', ')})`);
    t.ok(came.length <= 2, 'at most two swaps in six seconds');
  });

  await t.test('who is pinned stays, whoever speaks', async (t) => {
    const [pinned = ''] = await meeting.unwatched();
    const pin = tile(meeting.page('Ada'), pinned).getByRole('button', { name: `Pin ${pinned}`, exact: true });
    const at = Date.now();
    await pin.click();
    await meeting.sees('Ada', pinned);
    for (let turns = 0; turns < 2; turns += 1) {
      const [speaker = ''] = await meeting.unwatched();
      await turn(t, speaker, ['Ada']);
    }
    await staysOnAdasPage(t, pinned, at);
    const [speaker = ''] = await meeting.unwatched();
    await pin.click();
    await turn(t, speaker, ['Ada']);
    t.notOk((await meeting.three('Ada')).includes(pinned), 'once it is pinned no more, it goes');
  });

  await t.test('a shared screen is seen at once and stays, whoever speaks', async (t) => {
    const [sharer = ''] = await meeting.unwatched();
    const screen = `${sharer}’s screen`;
    const share = meeting.page(sharer).getByRole('button', { name: 'Share screen', exact: true });
    const at = Date.now();
    await share.click();
    for (const viewer of VIEWERS.filter((name) => name !== sharer)) {
      const shown = await until(
        `${viewer} sees ${screen}`,
        () => meeting.shown(viewer),
        (all) => seenFrom(all, screen, at) !== undefined,
      );
      follows.push((seenFrom(shown, screen, at) ?? NaN) - at);
      t.pass(`${viewer} sees ${screen}`);
    }
    for (let turns = 0; turns < 2; turns += 1) {
      const speaker = (await meeting.unwatched()).find((name) => name !== sharer) ?? '';
      await turn(t, speaker, ['Ada']);
    }
    await staysOnAdasPage(t, screen, at);
    await share.click();
    await until(
      'a camera takes its place',
      () => meeting.moving('Ada'),
      (moving) => moving.length === PLACES && !moving.includes(screen),
    );
  });

  t.comment(`seen after ${follows.join(', ')} ms`);
  for (const viewer of VIEWERS) {
    // Where a screen is shared no more, nothing is swapped: its picture is gone before.
    const swaps = swapsIn(await meeting.shown(viewer), PLACES).filter(({ from }) => !from.endsWith('screen'));
    t.comment(
      `${viewer}: dark for ${swaps
        .map(({ gap }) => gap)
        .sort((a, b) => a - b)
        .join(', ')} ms`,
    );
    t.same(
      swaps.filter(({ gap }) => gap <= 0),
      [],
      `${viewer}: never do four pictures move`,
    );
  }
  const videos = PLACES * NAMES.length;
  const sounds = (NAMES.length - 1) * NAMES.length;
  await until(
    'all have three videos and five sounds, and as many slots',
    () => counts(server),
    ({ slots, forwarded }) => slots === videos && forwarded === videos + sounds,
  );
});
