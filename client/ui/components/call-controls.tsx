import type { Call } from '../state/call.ts';
import type { OwnDevice } from '../state/own-device.ts';
import type { OwnScreen } from '../state/own-screen.ts';
import { leave } from '../state/session.ts';
import { DeviceToggle } from './device-toggle.tsx';
import { LeaveIcon, ScreenIcon } from './icons.tsx';
import './call-controls.css';

export function CallControls({ call }: { call: Call }) {
  return (
    <footer class="call-controls">
      <OwnDeviceToggle own={call.microphone} />
      <OwnDeviceToggle own={call.camera} />
      {call.screen.possible && <ShareToggle screen={call.screen} />}
      <button type="button" class="control control-leave" onClick={leave}>
        <LeaveIcon />
        <span class="control-label">Leave</span>
      </button>
    </footer>
  );
}

function OwnDeviceToggle({ own }: { own: OwnDevice }) {
  return (
    <DeviceToggle
      device={own.name}
      on={own.on.value}
      opening={own.opening.value}
      refusal={own.refusal.value}
      onToggle={() => void own.toggle()}
    />
  );
}

function ShareToggle({ screen }: { screen: OwnScreen }) {
  const refusal = screen.refusal.value;
  return (
    <button
      type="button"
      class="control control-share"
      aria-pressed={screen.shared.value !== undefined}
      aria-busy={screen.opening.value}
      aria-disabled={refusal !== ''}
      title={refusal}
      onClick={() => void screen.toggle()}
    >
      <ScreenIcon />
      <span class="control-label">
        Share<span class="control-rest"> screen</span>
      </span>
    </button>
  );
}
