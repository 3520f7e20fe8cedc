import { lazily } from './components/lazily.tsx';
import { call, ended } from './state/session.ts';
import { route } from './state/route.ts';
import { CallView } from './views/call.tsx';
import { Ended } from './views/ended.tsx';
import { Entry } from './views/entry.tsx';
import { Lobby } from './views/lobby.tsx';
import { WrongRoom } from './views/wrong-room.tsx';

const RoomStats = lazily(async () => (await import('./views/room-stats.tsx')).RoomStatsView);
const PastRooms = lazily(async () => (await import('./views/past-rooms.tsx')).PastRoomsView);

export function App() {
  const shown = route.value;
  if (shown.page === 'past rooms') return <PastRooms />;
  if (shown.page === 'room stats') return <RoomStats room={shown.room} session={shown.session} />;
  if (shown.page === 'lobby') return <Lobby />;
  if (shown.page === 'wrong room') return <WrongRoom text={shown.text} />;
  if (call.value) return <CallView key={shown.room} call={call.value} />;
  if (ended.value) return <Ended end={ended.value} />;
  return <Entry key={shown.room} room={shown.room} />;
}
