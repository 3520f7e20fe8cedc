import { until } from './browser.ts';
import type { TestServer } from './server.ts';

/** What /metrics says. */
export class Scrape {
  readonly text: string;

  constructor(text: string) {
    this.text = text;
  }

  /** Asks for it, without a token. */
  static async of({ app }: Pick<TestServer, 'app'>): Promise<Scrape> {
    const answer = await app.inject('/metrics');
    if (answer.statusCode !== 200) throw new Error(`/metrics: ${answer.statusCode} ${answer.body}`);
    return new Scrape(answer.body);
  }

  /** Asks until these workers answer in time, by their numbers: on a busy machine one may not. */
  static answeredBy(server: Pick<TestServer, 'app'>, ...workers: number[]): Promise<Scrape> {
    const answers = workers.map((worker) => `trivium_worker_answers{worker="${worker}"}`);
    return until(
      'the workers answer',
      () => Scrape.of(server),
      (scrape) => scrape.values(...answers).every((one) => one === 1),
    );
  }

  /** The names of all metrics, each with its kind. */
  get kinds(): Map<string, string> {
    const found = this.text.matchAll(/^# TYPE (\S+) (\S+)$/gm);
    return new Map([...found].map(([, name = '', kind = '']) => [name, kind]));
  }

  /** Every name that a query may use: of a histogram, those of its parts. */
  get queryable(): Set<string> {
    return new Set(
      [...this.kinds].flatMap(([name, kind]) =>
        kind === 'histogram' ? ['_bucket', '_sum', '_count'].map((part) => `${name}${part}`) : [name],
      ),
    );
  }

  /** Everything that has a value, without it: `name{label="value"}`. */
  get series(): string[] {
    const lines = this.text.split('\n').filter((line) => line !== '' && !line.startsWith('#'));
    return lines.map((line) => line.slice(0, line.lastIndexOf(' ')));
  }

  /** The value of `name` or `name{label="value",…}`, labels in the order in which they stand; undefined: not there. */
  value(series: string): number | undefined {
    const line = this.text.split('\n').find((one) => one.startsWith(`${series} `));
    return line === undefined ? undefined : Number(line.slice(series.length + 1));
  }

  /** The values of some series, in that order. */
  values(...series: string[]): (number | undefined)[] {
    return series.map((one) => this.value(one));
  }
}
