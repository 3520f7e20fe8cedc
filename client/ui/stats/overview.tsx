import { useMemo } from 'preact/hooks';
import type { Scores, Summary, Timeline } from './answers.ts';
import { chartIdOf } from './figures.ts';
import { minuteOfDay, timesOf } from './format.ts';
import { gradeOf } from '../../../server/stats/score/score.ts';
import { wayOf } from './marks.ts';
import { troubleWords } from './trouble-words.ts';
import { spanOf, type RoomStatistics } from './room-statistics.ts';
import { ScoreStrip } from './score-strip.tsx';
import { SeverityIcon } from './severity-icon.tsx';
import { spellsOf } from './spells.ts';
import { factsOf, headlineOf, leftOutOf, unscoredOf } from './verdict-words.ts';
import './overview.css';

const SIDES: Record<Summary['participants'][number]['side'], string> = {
  ok: 'no trouble',
  up: 'trouble on their way to the server',
  down: 'trouble on their way from the server',
  both: 'trouble on their way, both directions',
  unknown: 'not measured',
};

/** Around bad minutes so many seconds are shown. */
const AROUND = 180;

/** Whether a call was bad, and on whose side: in a sentence, then by participant and minute. */
export function Overview({ statistics }: { statistics: RoomStatistics }) {
  const [summary, scores, timeline] = [
    statistics.summary.value,
    statistics.scores.value,
    statistics.whole.value,
  ];
  if (!summary || !timeline) return null;
  const { verdict, worstMinutes } = summary;
  const leftOut = leftOutOf(summary, timeline.participants.length > 0);
  const unscored = scores ? unscoredOf(scores, summary) : '';
  return (
    <section class="overview" aria-label="Overview">
      <div class={`overview-verdict overview-${verdict.severity}`}>
        <SeverityIcon severity={verdict.severity} />
        <div>
          <h2 class="overview-headline">{headlineOf(summary, statistics.isLive.value)}</h2>
          {leftOut !== '' && <p class="overview-left-out">{leftOut}</p>}
          <p class="overview-text">{verdict.text}</p>
        </div>
      </div>
      <p class="overview-facts">{factsOf(summary)}</p>
      {worstMinutes.length > 0 && <WorstMinutes summary={summary} statistics={statistics} />}
      {unscored !== '' && <p class="overview-left-out">{unscored}</p>}
      <People summary={summary} scores={scores} timeline={timeline} />
    </section>
  );
}

function WorstMinutes({ summary, statistics }: { summary: Summary; statistics: RoomStatistics }) {
  const told = timesOf(
    { from: Date.parse(summary.from) / 1000, to: Date.parse(summary.to) / 1000 },
    'minutes',
  );
  return (
    <p class="overview-worst">
      Worst minutes:
      {spellsOf(summary.worstMinutes).map(({ participantId, displayName, from, to }) => (
        <button
          key={`${from} ${participantId}`}
          type="button"
          class="overview-minute"
          onClick={() => {
            statistics.window.show({ from: from - AROUND, to: to + AROUND });
            goToChart(participantId);
          }}
        >
          {told(from)}
          {to - from > 60 && ` – ${minuteOfDay(to)}`} {displayName}
        </button>
      ))}
    </p>
  );
}

/** The next Tab goes on from there. */
function goToChart(participantId: string): void {
  const card = document.getElementById(chartIdOf(participantId));
  card?.scrollIntoView();
  card?.focus({ preventScroll: true });
}

interface PeopleProps {
  summary: Summary;
  scores: Scores | undefined;
  timeline: Timeline;
}

/** A row each: the side, and the score of every minute. */
function People({ summary, scores, timeline }: PeopleProps) {
  const bounds = useMemo(() => spanOf(timeline), [timeline.from, timeline.to]);
  const each = new Map(scores?.participants.map((one) => [one.participantId, one]));
  return (
    <div class="people-scroll" tabIndex={0} role="region" aria-label="Participants">
      <table class="people">
        <caption class="visually-hidden">Whose side: each participant’s connection and scores</caption>
        <thead>
          <tr>
            <th scope="col">Participant</th>
            <th scope="col">Score</th>
            <th scope="col">Every minute</th>
            <th scope="col">Their side</th>
          </tr>
        </thead>
        <tbody>
          {summary.participants.map(({ participantId, displayName, side, reasons, path }) => {
            const score = each.get(participantId);
            return (
              <tr key={participantId}>
                <th scope="row">
                  <button type="button" class="people-name" onClick={() => goToChart(participantId)}>
                    {displayName}
                  </button>
                  {path && <span class="people-path">{wayOf(path)}</span>}
                </th>
                <td class="people-score">
                  {score?.mean === undefined ? (
                    '–'
                  ) : (
                    <Score mean={score.mean} lowest={score.lowest ?? score.mean} />
                  )}
                </td>
                <td class="people-strip">
                  {scores && score && (
                    <ScoreStrip scores={scores} participant={score} bounds={bounds} label={spoken(score)} />
                  )}
                </td>
                <td class={`people-side people-side-${side}`}>
                  {SIDES[side]}
                  {reasons.map(({ text }) => (
                    <span key={text} class="people-reason">
                      {text}
                    </span>
                  ))}
                </td>
              </tr>
            );
          })}
        </tbody>
      </table>
    </div>
  );
}

function Score({ mean, lowest }: { mean: number; lowest: number }) {
  return (
    <>
      <span class={`score score-${gradeOf(mean)}`}>{mean.toFixed(1)}</span>
      <span class="score-lowest">{`lowest ${lowest.toFixed(1)}`}</span>
    </>
  );
}

/** The minutes that were not good, in a sentence. */
function spoken({ score, reason }: Scores['participants'][number]): string {
  const known = score.filter((value) => value !== null);
  if (known.length === 0) return 'Not measured.';
  const counts = (['good', 'fair', 'poor'] as const).map(
    (grade) => `${known.filter((value) => gradeOf(value) === grade).length} ${grade}`,
  );
  const why = [...new Set(reason.filter((one) => one !== null))].map(troubleWords);
  return `Minutes: ${counts.join(', ')}.${why.length > 0 ? ` Because of ${why.join('; ')}.` : ''}`;
}
