import { call } from './state/session.ts';
import { route } from './state/route.ts';
import { CallView } from './views/call.tsx';
import { Entry } from './views/entry.tsx';
import { Lobby } from './views/lobby.tsx';
import { WrongRoom } from './views/wrong-room.tsx';

export function App() {
  const shown = route.value;
  if (shown.page === 'lobby') return <Lobby />;
  if (shown.page === 'wrong room') return <WrongRoom text={shown.text} />;
  if (call.value) return <CallView key={shown.room} call={call.value} />;
  return <Entry key={shown.room} room={shown.room} />;
}
