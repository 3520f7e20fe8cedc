import { CallControls } from '../components/call-controls.tsx';
import { CallFloor } from '../components/call-floor.tsx';
import { CallHeader } from '../components/call-header.tsx';
import { Confirm } from '../components/confirm.tsx';
import { NoticeList } from '../components/notice-list.tsx';
import { OwnScreenBar } from '../components/own-screen-bar.tsx';
import { PlaySound, Sounds } from '../components/sounds.tsx';
import { useView } from '../components/use-view.ts';
import type { Call } from '../state/call.ts';
import './call.css';

/** The room that one is in. */
export function CallView({ call }: { call: Call }) {
  const heading = useView(call.roomName);
  return (
    <main class="call">
      <CallHeader call={call} heading={heading} />
      <div class="call-messages">
        <ConnectionState call={call} />
        <NoticeList notices={call.notices} />
        <PlaySound />
        <OwnScreenBar screen={call.screen} />
      </div>
      <CallFloor call={call} />
      {call.tiles.value.length === 1 && (
        <p class="call-alone">Nobody else is here yet. Send them the link.</p>
      )}
      <CallControls call={call} />
      <Sounds sounds={call.sounds.value} />
      <News call={call} />
      <Confirm question={call.hosting.question} heading={heading} />
    </main>
  );
}

function ConnectionState({ call }: { call: Call }) {
  const hasProblem = call.hasConnectionProblem.value;
  return (
    <p class={hasProblem ? 'call-state' : 'visually-hidden'} role="status">
      {hasProblem && 'Connection problem. Connecting again…'}
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
