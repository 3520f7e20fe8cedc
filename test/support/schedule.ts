import { readFile } from 'node:fs/promises';
import { join } from 'node:path';

/** One file, and whether it is run with the lowest priority: beside one that needs the machine. */
export interface Turn {
  file: string;
  nice: boolean;
}

/**
 * What encodes large pictures, measures a network, or looks at who is heard when says so in its first line. Only one of
 * those runs at once, and beside it only what has no browser, with the lowest priority.
 */
const DEMANDING = /^\/\/ Demanding\b/;

/** Says which file a lane runs next. Long files come first: they take longest, and no lane has one left at the end. */
export class Schedule {
  readonly #demanding: string[];
  readonly #browsers: string[];
  readonly #others: string[];
  #isDemanded = false;

  private constructor(demanding: string[], browsers: string[], others: string[]) {
    this.#demanding = demanding;
    this.#browsers = browsers;
    this.#others = others;
  }

  /** @param files Paths below `root`. */
  static async of(files: readonly string[], root: string): Promise<Schedule> {
    const all = await Promise.all(
      files.map(async (file) => ({ file, text: await readFile(join(root, file), 'utf8') })),
    );
    const isDemanding = ({ text }: { text: string }) => DEMANDING.test(text);
    const hasBrowser = ({ file }: { file: string }) => file.startsWith('test/e2e/');
    const ordered = all.sort((a, b) => b.text.length - a.text.length);
    const namesOf = (some: typeof all) => some.map(({ file }) => file);
    return new Schedule(
      namesOf(ordered.filter(isDemanding)),
      namesOf(ordered.filter((one) => !isDemanding(one) && hasBrowser(one))),
      namesOf(ordered.filter((one) => !isDemanding(one) && !hasBrowser(one))),
    );
  }

  /** The next file for a lane, of which the first one takes those that are demanding; undefined: there is none. */
  next(lane: number): Turn | undefined {
    if (lane === 0) {
      const file = this.#demanding.shift();
      this.#isDemanded = file !== undefined;
      const next = file ?? this.#browsers.shift() ?? this.#others.shift();
      return next === undefined ? undefined : { file: next, nice: false };
    }
    const other = this.#others.shift();
    if (other !== undefined) return { file: other, nice: this.#isDemanded };
    const file = this.#browsers.shift();
    return file === undefined ? undefined : { file, nice: this.#isDemanded };
  }

  /** Whether a lane has no more to do. */
  isEmpty(lane: number): boolean {
    const left = this.#browsers.length + this.#others.length;
    return left === 0 && (lane !== 0 || this.#demanding.length === 0);
  }
}
