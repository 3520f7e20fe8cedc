import { setTimeout as sleep } from 'node:timers/promises';
import type { Browser, Page } from 'playwright-core';
import { framesShown, joinRoom, newPerson, tile, until } from './browser.ts';
import { backAfter, noteArrivals, takeSaid } from './arrivals.ts';
import { giveVoice, speak } from './voices.ts';

/** What a fault did to a call of two. */
export interface Harm {
  /** Time from the fault, or its end, until both hear and see each other again, in ms; 0: they never stopped. */
  audioMs: number;
  videoMs: number;
  /** What the page of the one whom it met said. */
  said: string[];
}

/** Longer than any call goes on, in ms. */
const SPEAKS_MS = 3_600_000;
/** Within so long, in ms, everything is back, or never. */
const BACK_MS = 60_000;

/** Two people who see and hear each other in the room `tea`, all the time. */
export class BrokenCall {
  readonly ada: Page;
  readonly ben: Page;

  private constructor(ada: Page, ben: Page) {
    this.ada = ada;
    this.ben = ben;
  }

  /** @param hers Ada's browser and the address of her page; `his`: Ben's. */
  static async of(
    hers: { browser: Browser; url: string; query?: string },
    his: { browser: Browser; url: string; query?: string },
  ): Promise<BrokenCall> {
    const join = async (name: string, pitch: number, { browser, url, query = '' }: typeof hers) => {
      const { page } = await newPerson(browser);
      await giveVoice(page, pitch);
      await noteArrivals(page);
      await joinRoom(page, url, 'tea', name, query);
      await speak(page, SPEAKS_MS);
      return page;
    };
    const call = new BrokenCall(await join('Ada', 110, hers), await join('Ben', 170, his));
    await call.#isWhole();
    return call;
  }

  /**
   * Breaks something, and waits until all is well again.
   *
   * @param breaks Resolves when time is to be counted from then on.
   * @param holdMs For how long it is broken at least, where the call goes on meanwhile.
   */
  async harmOf(breaks: () => unknown, holdMs = 0): Promise<Harm> {
    await this.#isWhole();
    for (const page of [this.ada, this.ben]) await takeSaid(page);
    await breaks();
    const from = Date.now();
    await sleep(holdMs);
    const [audioMs, videoMs] = [await this.#back('audio', from), await this.#back('video', from)];
    await until(
      'nobody is there twice',
      () =>
        Promise.all(
          [this.ada, this.ben].map((page) => page.getByRole('group', { name: /^(Ada|Ben)$/ }).count()),
        ),
      (counts) => counts.every((count) => count === 2),
    );
    const said = await takeSaid(this.ada);
    return { audioMs, videoMs, said };
  }

  /** Each sees a picture of the other that moves. */
  async #isWhole(): Promise<void> {
    for (const [page, other] of [
      [this.ada, 'Ben'],
      [this.ben, 'Ada'],
    ] as const) {
      await tile(page, other).waitFor();
      const before = await framesShown(page, other);
      await until(
        `${other} is seen`,
        () => framesShown(page, other),
        (frames) => frames > before + 10 || (frames < before && frames > 10),
        BACK_MS,
      );
    }
  }

  async #back(kind: 'audio' | 'video', from: number): Promise<number> {
    const pages = [this.ada, this.ben];
    const back = await until(
      `${kind} is back`,
      () => Promise.all(pages.map((page) => backAfter(page, kind, from))),
      (all) => all.every((ms) => ms !== undefined),
      BACK_MS,
    );
    return Math.max(...back.map((ms) => ms ?? 0));
  }

  /** Both leave. */
  async close(): Promise<void> {
    await Promise.all(
      [this.ada, this.ben].map(async (page) => {
        const leave = page.getByRole('button', { name: 'Leave' });
        await leave.click();
        await leave.waitFor({ state: 'detached' });
        await page.context().close();
      }),
    );
  }
}
