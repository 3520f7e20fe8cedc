import { signal, type Signal } from '@preact/signals';
import type { DeviceName } from './own-device.ts';

/** What one wants to send into a room: as one last said, for as long as the page is open. */
export const wishes: Readonly<Record<DeviceName, Signal<boolean>>> = {
  microphone: signal(true),
  camera: signal(true),
};
