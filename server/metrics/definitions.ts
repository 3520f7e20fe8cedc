import { Counter, Gauge, type Registry } from 'prom-client';

/** What every name begins with. */
export const PREFIX = 'trivium_';

/** A value, under the labels that it stands for. */
export type Labelled<L extends string> = readonly [labels: Record<L, string>, value: number];

type Read<L extends string> = number | Iterable<Labelled<L>>;

export interface Definition<L extends string> {
  /** Without the prefix; in base units, which the name ends with. */
  name: string;
  /** In plain words. */
  help: string;
  /** Their values are of short lists that no client can make longer. */
  labelNames?: readonly L[];
  /** The values of now; what it leaves out is not there any more. */
  read: () => Read<L> | Promise<Read<L>>;
}

/** What goes up and down. It is read whenever Prometheus asks. */
export function gauge<L extends string = never>(
  registry: Registry,
  { name, help, labelNames = [], read }: Definition<L>,
): void {
  new Gauge({
    name: `${PREFIX}${name}`,
    help,
    labelNames: [...labelNames],
    registers: [registry],
    async collect() {
      const values = listOf(await read());
      this.reset();
      for (const [labels, value] of values) this.set(labels, value);
    },
  });
}

/** What only goes up, and is counted elsewhere. It is read whenever Prometheus asks. */
export function counter<L extends string = never>(
  registry: Registry,
  { name, help, labelNames = [], read }: Definition<L>,
): void {
  new Counter({
    name: `${PREFIX}${name}`,
    help,
    labelNames: [...labelNames],
    registers: [registry],
    async collect() {
      const values = listOf(await read());
      this.reset();
      for (const [labels, value] of values) this.inc(labels, value);
    },
  });
}

const listOf = <L extends string>(read: Read<L>): Iterable<Labelled<L>> =>
  typeof read === 'number' ? [[{} as Record<L, string>, read]] : read;
