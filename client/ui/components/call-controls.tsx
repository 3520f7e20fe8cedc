import type { Call } from '../state/call.ts';
import type { OwnDevice } from '../state/own-device.ts';
import { leave } from '../state/session.ts';
import { DeviceToggle } from './device-toggle.tsx';
import { LeaveIcon } from './icons.tsx';
import './call-controls.css';

export function CallControls({ call }: { call: Call }) {
  return (
    <footer class="call-controls">
      <OwnDeviceToggle own={call.microphone} />
      <OwnDeviceToggle own={call.camera} />
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
      onToggle={() => void own.toggle()}
    />
  );
}
