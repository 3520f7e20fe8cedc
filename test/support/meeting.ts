import type { Page } from 'playwright-core';
import type { Test } from 'tap';
import { joinRoom, newPerson, testBrowser, tile, until, withoutPictures } from './browser.ts';
import { cameAt, movingOn, noteFrames, seenFrom, shownOn, swapsIn, type Shown } from './frames.ts';
import { giveVoice, hush, speak } from './voices.ts';

/** How many videos one sees. */
export const PLACES = 3;
/** How long somebody speaks at least, in ms, and at most, where one is not seen. */
export const TURN_MS = 3_000;
const LONGEST_TURN_MS = 30_000;
/** After so long, in ms, whoever coughed would have been shown. */
const NOTICED_MS = 3_000;

/** Where there is no screen the browser shares a moving picture of its own making. */
const SHARED_SCREEN = '--use-fake-device-for-media-stream=fps=10,display-media-type=browser';

export const passes = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

/** Several people in a room, each with a page; the pictures on the pages of those who are viewers are noted. */
export class Meeting {
  readonly names: readonly string[];
  readonly viewers: readonly string[];
  /** How long it took until who spoke, or shared a screen, was seen, in ms. */
  readonly follows: number[] = [];
  readonly #pages: Map<string, Page>;

  private constructor(names: readonly string[], viewers: readonly string[], pages: Map<string, Page>) {
    this.names = names;
    this.viewers = viewers;
    this.#pages = pages;
  }

  /** @param viewers How many of them, from the first one on, are viewers. */
  static async of(t: Test, url: string, names: readonly string[], viewers: number): Promise<Meeting> {
    const browser = await testBrowser(t, { more: [SHARED_SCREEN] });
    const meeting = new Meeting(names, names.slice(0, viewers), new Map());
    for (const [index, name] of names.entries()) {
      const { page } = await newPerson(browser);
      await page.setViewportSize({ width: 640, height: 480 });
      await giveVoice(page, 90 + 25 * index);
      if (!meeting.viewers.includes(name)) await withoutPictures(page);
      await joinRoom(page, url, 'tea', name);
      meeting.#pages.set(name, page);
    }
    for (const viewer of meeting.viewers) {
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
    return this.names.filter((name) => name !== 'Ada' && !moving.includes(name));
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

  /** Somebody speaks until the viewers see them, and three all in all. @returns when that began. */
  async turn(t: Test, speaker: string, viewers: readonly string[] = this.viewers): Promise<number> {
    const at = await this.speak(speaker, LONGEST_TURN_MS);
    await passes(TURN_MS);
    for (const viewer of viewers) {
      if (viewer === speaker) continue;
      await this.sees(viewer, speaker);
      this.follows.push((seenFrom(await this.shown(viewer), speaker, at) ?? NaN) - at);
      t.pass(`${viewer} sees ${speaker}`);
    }
    await hush(this.page(speaker));
    return at;
  }

  /** Somebody coughs while another one speaks: in silence anything may lead, and how long that lasts is the machine's affair. */
  async cough(t: Test): Promise<void> {
    const [somebody = ''] = await this.unwatched();
    const [speaker = ''] = await this.three('Ada');
    await this.speak(speaker, TURN_MS);
    const at = await this.speak(somebody, 200, TURN_MS / 2);
    await passes(TURN_MS / 2 + NOTICED_MS);
    t.same(await this.cameSince('Ada', at), [], `${somebody} has coughed while ${speaker} spoke`);
  }

  /** Ada pins somebody whom she does not see: they stay, whoever speaks, until she pins them no more. */
  async pin(t: Test, turns: number): Promise<void> {
    const [pinned = ''] = await this.unwatched();
    const pin = tile(this.page('Ada'), pinned).getByRole('button', { name: `Pin ${pinned}`, exact: true });
    const at = Date.now();
    await pin.click();
    await this.sees('Ada', pinned);
    for (let turn = 0; turn < turns; turn += 1) {
      const [speaker = ''] = await this.unwatched();
      await this.turn(t, speaker, ['Ada']);
    }
    await this.#staysOnAdasPage(t, pinned, at);
    const [speaker = ''] = await this.unwatched();
    await pin.click();
    await this.turn(t, speaker, ['Ada']);
    t.notOk((await this.three('Ada')).includes(pinned), 'once it is pinned no more, it goes');
  }

  /** Somebody shares a screen: it is seen at once and stays, whoever speaks. */
  async share(t: Test, turns: number): Promise<void> {
    const [sharer = ''] = await this.unwatched();
    const screen = `${sharer}’s screen`;
    const share = this.page(sharer).getByRole('button', { name: 'Share screen', exact: true });
    const at = Date.now();
    await share.click();
    for (const viewer of this.viewers.filter((name) => name !== sharer)) {
      const shown = await until(
        `${viewer} sees ${screen}`,
        () => this.shown(viewer),
        (all) => seenFrom(all, screen, at) !== undefined,
      );
      this.follows.push((seenFrom(shown, screen, at) ?? NaN) - at);
      t.pass(`${viewer} sees ${screen}`);
    }
    for (let turn = 0; turn < turns; turn += 1) {
      const speaker = (await this.unwatched()).find((name) => name !== sharer) ?? '';
      await this.turn(t, speaker, ['Ada']);
    }
    await this.#staysOnAdasPage(t, screen, at);
    await share.click();
    await until(
      'a camera takes its place',
      () => this.moving('Ada'),
      (moving) => moving.length === PLACES && !moving.includes(screen),
    );
  }

  /** Never did four pictures move on a viewer's page. */
  async neverFour(t: Test): Promise<void> {
    t.comment(`seen after ${this.follows.join(', ')} ms`);
    for (const viewer of this.viewers) {
      // Where a screen is shared no more, nothing is swapped: its picture is gone before.
      const swaps = swapsIn(await this.shown(viewer), PLACES).filter(({ from }) => !from.endsWith('screen'));
      const gaps = swaps.map(({ gap }) => gap).sort((a, b) => a - b);
      t.comment(`${viewer}: dark for ${gaps.join(', ')} ms`);
      t.same(
        swaps.filter(({ gap }) => gap <= 0),
        [],
        `${viewer}: never do four pictures move`,
      );
    }
  }

  async #staysOnAdasPage(t: Test, name: string, from: number): Promise<void> {
    const pictures = (await this.shown('Ada')).filter((one) => one.name === name && one.until >= from);
    t.equal(pictures.length, 1, `${name} is seen without a break`);
    t.ok((await this.sees('Ada', name)).length, `${name} moves still`);
  }
}
