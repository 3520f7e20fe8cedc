import { useEffect, useMemo } from 'preact/hooks';
import { Brand } from '../components/brand.tsx';
import { useView } from '../components/use-view.ts';
import { ChartCard } from '../stats/chart-card.tsx';
import { marksOf, type Mark } from '../stats/marks.ts';
import { Overview } from '../stats/overview.tsx';
import { RoomStatistics } from '../stats/room-statistics.ts';
import { Skeleton, Trouble } from '../stats/states.tsx';
import { byKey, Toolbar } from '../stats/toolbar.tsx';
import { tokens } from '../state/access-token.ts';
import { pastRoomsPath, pathOf } from '../state/route.ts';
import '../stats/stats.css';

const NO_MARKS: readonly Mark[] = [];

/** What a session of a room was like: whose side it was on, and a chart of each participant; live while it goes on. */
export function RoomStatsView({ room, session }: { room: string; session: string | undefined }) {
  const heading = useView(`Quality of ${room}`);
  const statistics = useMemo(() => new RoomStatistics(room, session), [room, session]);
  useEffect(() => {
    void statistics.start();
    return () => statistics.stop();
    // Who is refused may come with a token in the same tab.
  }, [statistics, tokens.value]);
  return (
    <main class="stats">
      <header class="stats-header">
        <a class="stats-brand" href="/">
          <Brand />
        </a>
        <nav class="stats-nav" aria-label="Statistics">
          <a href={pastRoomsPath(room)}>Past calls</a>
          <a href={pathOf(room)}>Open the room</a>
        </nav>
      </header>
      <div class="stats-title">
        <h1 ref={heading} tabIndex={-1}>
          {room}
        </h1>
        {statistics.isLive.value && <p class="stats-live">Live</p>}
      </div>
      <Content statistics={statistics} />
    </main>
  );
}

function Content({ statistics }: { statistics: RoomStatistics }) {
  const timeline = statistics.whole.value;
  const problem = statistics.problem.value;
  if (!timeline) {
    return problem === '' ? <Skeleton /> : <Trouble text={problem} onRetry={() => void statistics.start()} />;
  }
  return (
    <>
      {problem !== '' && (
        <p class="stats-stale" role="status">
          {`What is shown is not the latest: ${problem}`}
        </p>
      )}
      <Overview statistics={statistics} />
      {timeline.participants.length === 0 ? (
        <p class="stats-empty">Nobody has been in this room yet. Charts appear when somebody joins.</p>
      ) : (
        <Charts statistics={statistics} />
      )}
    </>
  );
}

function Charts({ statistics }: { statistics: RoomStatistics }) {
  const timeline = statistics.drawn.value;
  const marks = useMemo(() => timeline && marksOf(timeline), [timeline]);
  if (!timeline) return null;
  return (
    // A click on a chart brings the focus here, so that its keys work.
    <section aria-label="Charts" tabIndex={-1} onKeyDown={(event) => byKey(statistics, event)}>
      <Toolbar statistics={statistics} />
      <p class="stats-hint">
        Bandwidth is on the left, packet loss on the right. Drag over a chart to zoom all of them, drag with
        Shift to move, double-click for the whole call; or use your fingers. Triangles: a larger or smaller
        layer of a video.
      </p>
      {!timeline.isComplete && (
        <p class="stats-stale">There is more than can be shown at once: zoom in to see all of a part.</p>
      )}
      <div class="stats-charts">
        {timeline.participants.map((participant) => (
          <ChartCard
            key={participant.participantId}
            participant={participant}
            timeline={timeline}
            marks={marks?.get(participant.participantId) ?? NO_MARKS}
            window={statistics.window}
          />
        ))}
      </div>
    </section>
  );
}
