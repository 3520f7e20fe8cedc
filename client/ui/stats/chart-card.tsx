import { useSignal, type ReadonlySignal } from '@preact/signals';
import { useMemo } from 'preact/hooks';
import type { Timeline, TimelineParticipant } from './answers.ts';
import { ChartCanvas } from './chart-canvas.tsx';
import type { ChartData } from './chart.ts';
import { describe } from './describe.ts';
import { chartIdOf, figures } from './figures.ts';
import { FiguresTable } from './figures-table.tsx';
import { bitrateWords, lossWords } from '../components/quality-words.ts';
import { timeOfDay } from './format.ts';
import type { Mark } from './marks.ts';
import type { TimeWindow } from './time-window.ts';
import './chart-card.css';

interface ChartCardProps {
  participant: TimelineParticipant;
  timeline: Timeline;
  marks: readonly Mark[];
  window: TimeWindow;
}

/** A participant: the chart, what it says at the cursor, and the same as a table. */
export function ChartCard({ participant, timeline, marks, window }: ChartCardProps) {
  const { participantId, displayName } = participant;
  const { time, step } = timeline;
  const cursor = useSignal<number | null>(null);
  const data = useMemo((): ChartData => ({ time, participant, marks }), [time, participant, marks]);
  return (
    <section class="chart-card" id={chartIdOf(participantId)} aria-label={displayName} tabIndex={-1}>
      <header class="chart-head">
        <h3 class="chart-name">{displayName}</h3>
        <AtCursor data={data} step={step} cursor={cursor} />
      </header>
      <ChartCanvas data={data} window={window} cursor={cursor} label={describe(data, window.settled.value)} />
      <FiguresTable data={data} window={window} />
    </section>
  );
}

interface AtCursorProps {
  data: ChartData;
  step: number;
  cursor: ReadonlySignal<number | null>;
}

/** What each line stands for, and what it has at the cursor, else at last; and what happened there. */
function AtCursor({ data, step, cursor }: AtCursorProps) {
  const { time, participant, marks } = data;
  const index = cursor.value ?? lastKnown(data);
  const at = time[index];
  const near =
    at === undefined || cursor.value === null ? [] : marks.filter((mark) => Math.abs(mark.at - at) <= step);
  return (
    <div class="chart-values">
      <dl class="chart-legend">
        {figures.map(({ field, label, scale }) => {
          const value = participant.fields[field]?.[index];
          return (
            <div key={field} class={`chart-value chart-${scale}`} data-field={field}>
              <dt>{label}</dt>
              <dd>{scale === 'bps' ? bitrateWords(value) : lossWords(value)}</dd>
            </div>
          );
        })}
      </dl>
      <p class="chart-at">
        {at !== undefined && timeOfDay(at)}
        {near.length > 0 && ` · ${[...new Set(near.map(({ text }) => text))].join(', ')}`}
      </p>
    </div>
  );
}

function lastKnown({ time, participant: { fields } }: ChartData): number {
  for (let index = time.length - 1; index >= 0; index--) {
    if (figures.some(({ field }) => (fields[field]?.[index] ?? null) !== null)) return index;
  }
  return -1;
}
