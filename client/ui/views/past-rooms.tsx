import { useEffect, useMemo } from 'preact/hooks';
import { Brand } from '../components/brand.tsx';
import { useView } from '../components/use-view.ts';
import type { RankedRoom, Severity } from '../stats/answers.ts';
import { dateAndTime, duration } from '../stats/format.ts';
import { LIMIT, PastRooms, type FoundRooms } from '../stats/past-rooms.ts';
import { SearchForm } from '../stats/search-form.tsx';
import { emptyWords, fewerWords } from '../stats/search-words.ts';
import { SeverityIcon } from '../stats/severity-icon.tsx';
import { Skeleton, Trouble } from '../stats/states.tsx';
import { troubleWords } from '../stats/trouble-words.ts';
import { tokens } from '../state/access-token.ts';
import { statsPathOf } from '../state/route.ts';
import '../stats/stats.css';
import '../stats/past-rooms.css';

const SEVERITIES: Record<Severity, string> = {
  good: 'good',
  noticeable: 'noticeable trouble',
  bad: 'bad',
  unknown: 'not measured',
};

/** Rooms of a time, the worst first: where one begins when somebody has complained. */
export function PastRoomsView() {
  const heading = useView('Past calls');
  const rooms = useMemo(() => new PastRooms(), []);
  useEffect(() => {
    void rooms.read();
    return () => rooms.stop();
    // Who is refused may come with a token in the same tab.
  }, [rooms, tokens.value]);
  return (
    <main class="stats">
      <header class="stats-header">
        <a class="stats-brand" href="/">
          <Brand />
        </a>
      </header>
      <div class="stats-title">
        <h1 ref={heading} tabIndex={-1}>
          Past calls
        </h1>
      </div>
      <SearchForm rooms={rooms} />
      <Found rooms={rooms} />
    </main>
  );
}

function Found({ rooms }: { rooms: PastRooms }) {
  const found = rooms.found.value;
  const problem = rooms.problem.value;
  if (problem !== '') return <Trouble text={problem} onRetry={() => void rooms.read()} />;
  if (!found) return <Skeleton />;
  if (found.rooms.length === 0) return <p class="stats-empty">{emptyWords(found.asked)}</p>;
  return <RoomList found={found} />;
}

function RoomList({ found }: { found: FoundRooms }) {
  const fewer = fewerWords(found.asked);
  return (
    <>
      {!found.isComplete && (
        <p class="stats-stale">{`There were more calls than could be looked at: choose ${fewer}.`}</p>
      )}
      {found.rooms.length >= LIMIT && (
        <p class="stats-stale">{`These are the first ${LIMIT}: to see others, choose ${fewer}.`}</p>
      )}
      <ul class="past-list" role="list">
        {found.rooms.map((room) => (
          <PastRoom key={room.id} room={room} until={found.to} />
        ))}
      </ul>
    </>
  );
}

/** @param until What goes on has lasted until then. */
function PastRoom({ room, until }: { room: RankedRoom; until: string }) {
  const { id, name, startedAt, endedAt, participantCount, severity, worst } = room;
  const length = Math.max(0, Date.parse(endedAt ?? until) - Date.parse(startedAt));
  return (
    <li class="past-room">
      <SeverityIcon severity={severity} />
      <div class="past-what">
        <p class="past-name">
          <a href={statsPathOf(name, id)}>{name}</a>
          {endedAt === undefined && <span class="stats-live">Live</span>}
        </p>
        <p class="past-facts">
          {`${dateAndTime(startedAt)} · ${duration(length)} · ${people(participantCount)}`}
        </p>
      </div>
      <div class="past-verdict">
        <p class={`past-severity past-${severity}`}>{`${SEVERITIES[severity]}${minutes(room)}`}</p>
        {worst && worst.reasons.length > 0 && (
          <p class="past-facts">{`${worst.displayName}: ${worst.reasons.map(troubleWords).join(', ')}`}</p>
        )}
      </div>
    </li>
  );
}

const people = (count: number): string => (count === 1 ? '1 participant' : `${count} participants`);

/** Minutes are those of each participant. */
function minutes({ badMinutes, noticeableMinutes, measuredMinutes }: RankedRoom): string {
  const [count, what] = badMinutes > 0 ? [badMinutes, 'bad'] : [noticeableMinutes, 'noticeable'];
  return count === 0 ? '' : ` · ${count} of ${measuredMinutes} minutes ${what}`;
}
