import { useSignal } from '@preact/signals';
import type { ChartData } from './chart.ts';
import { figures } from './figures.ts';
import { bitrateWords, lossWords } from '../components/quality-words.ts';
import { timeOfDay } from './format.ts';
import { lowerBound } from './lower-bound.ts';
import type { TimeWindow } from './time-window.ts';

/** What a chart shows, as a table; made when it is opened. */
export function FiguresTable({ data, window }: { data: ChartData; window: TimeWindow }) {
  const open = useSignal(false);
  const { displayName } = data.participant;
  return (
    <details class="chart-table" onToggle={(event) => (open.value = event.currentTarget.open)}>
      <summary>
        As a table<span class="visually-hidden">: {displayName}</span>
      </summary>
      {open.value && <Rows data={data} window={window} />}
    </details>
  );
}

function Rows({ data, window }: { data: ChartData; window: TimeWindow }) {
  const { time, participant, marks } = data;
  const shown = window.settled.value ?? window.bounds.value;
  const [first, end] = [lowerBound(time, shown.from), lowerBound(time, shown.to)];
  const happened = (from: number, to: number) =>
    marks.filter(({ at }) => at >= from && at < to).map(({ text }) => text);
  return (
    <div class="chart-rows" tabIndex={0} role="region" aria-label={`Figures of ${participant.displayName}`}>
      <table>
        <caption class="visually-hidden">
          Bandwidth and packet loss of {participant.displayName} by time
        </caption>
        <thead>
          <tr>
            <th scope="col">Time</th>
            {figures.map(({ field, label }) => (
              <th key={field} scope="col">
                {label}
              </th>
            ))}
            <th scope="col">What happened</th>
          </tr>
        </thead>
        <tbody>
          {time.slice(first, end).map((at, index) => (
            <tr key={at}>
              <th scope="row">
                <time dateTime={new Date(at * 1000).toISOString()}>{timeOfDay(at)}</time>
              </th>
              {figures.map(({ field, scale }) => {
                const value = participant.fields[field]?.[first + index];
                return (
                  <td key={field} data-value={value}>
                    {scale === 'bps' ? bitrateWords(value) : lossWords(value)}
                  </td>
                );
              })}
              <td>{happened(at, time[first + index + 1] ?? Infinity).join(', ')}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}
