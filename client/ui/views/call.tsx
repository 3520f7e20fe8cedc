import { CallControls } from '../components/call-controls.tsx';
import { CallHeader } from '../components/call-header.tsx';
import { NoticeList } from '../components/notice-list.tsx';
import { PlaySound, Sounds } from '../components/sounds.tsx';
import { TileGrid } from '../components/tile-grid.tsx';
import { useView } from '../components/use-view.ts';
import type { Call } from '../state/call.ts';
import './call.css';

/** The room that one is in. */
export function CallView({ call }: { call: Call }) {
  const heading = useView(call.roomName);
  const tiles = call.tiles.value;
  return (
    <main class="call">
      <CallHeader call={call} heading={heading} />
      <div class="call-messages">
        <ConnectionState call={call} />
        <NoticeList notices={call.notices} />
        <PlaySound />
      </div>
      <TileGrid tiles={tiles} exchange={call.exchange} />
      {tiles.length === 1 && <p class="call-alone">Nobody else is here yet. Send them the link.</p>}
      <CallControls call={call} />
      <Sounds sounds={call.sounds.value} />
      <News call={call} />
    </main>
  );
}

function ConnectionState({ call }: { call: Call }) {
  const reconnecting = call.state.value === 'reconnecting';
  return (
    <p class={reconnecting ? 'call-state' : 'visually-hidden'} role="status">
      {reconnecting && 'Connecting again…'}
    </p>
  );
}

/** Says who comes and goes to those who do not see it. */
function News({ call }: { call: Call }) {
  return (
    <p class="visually-hidden" aria-live="polite">
      {call.news.value}
    </p>
  );
}
