import type { DeviceName } from '../state/own-device.ts';
import { CameraIcon, CameraOffIcon, MicrophoneIcon, MicrophoneOffIcon } from './icons.tsx';
import './control.css';

const labels: Record<DeviceName, string> = { microphone: 'Microphone', camera: 'Camera' };

const icons: Record<DeviceName, { on: () => preact.JSX.Element; off: () => preact.JSX.Element }> = {
  microphone: { on: MicrophoneIcon, off: MicrophoneOffIcon },
  camera: { on: CameraIcon, off: CameraOffIcon },
};

interface DeviceToggleProps {
  device: DeviceName;
  on: boolean;
  /** The browser is being asked for it. */
  opening?: boolean;
  /** Why one may not, as a sentence; empty where one may. */
  refusal?: string;
  onToggle: () => void;
}

/** Switches a device on and off. Its name stays the same: whether it is on is its pressed state. */
export function DeviceToggle({ device, on, opening = false, refusal = '', onToggle }: DeviceToggleProps) {
  const Icon = on ? icons[device].on : icons[device].off;
  return (
    <button
      type="button"
      class="control control-device"
      aria-pressed={on}
      aria-busy={opening}
      aria-disabled={refusal !== ''}
      title={refusal}
      onClick={onToggle}
    >
      <Icon />
      <span class="control-label">{labels[device]}</span>
    </button>
  );
}
