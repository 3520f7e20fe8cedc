import type { Exchange } from '../state/exchange.ts';
import type { Hosting } from '../state/hosting.ts';
import type { Pinnable, Stoppable } from '../state/tiles.ts';
import { CameraOffIcon, MicrophoneOffIcon, MoreIcon, PinIcon, RemoveIcon, ScreenOffIcon } from './icons.tsx';
import { Menu, type MenuItem } from './menu.tsx';
import './tile-actions.css';

interface PinButtonProps {
  /** What is pinned. */
  name: string;
  pin: Pinnable;
  exchange: Exchange;
}

/** Its name stays the same: whether it is pinned is its pressed state. */
export function PinButton({ name, pin, exchange }: PinButtonProps) {
  const hint = pin.pinned ? 'Pinned: it stays whoever speaks' : 'Pin: keep watching, whoever speaks';
  return (
    <button
      type="button"
      class="tile-action"
      aria-pressed={pin.pinned}
      title={hint}
      onClick={() => exchange.togglePin(pin)}
    >
      <PinIcon />
      <span class="visually-hidden">Pin {name}</span>
    </button>
  );
}

/** What a host can do with somebody. */
export function HostMenu({ target, hosting }: { target: Stoppable; hosting: Hosting }) {
  const { participantId, name, speaks, showsCamera, sharesScreen } = target;
  const items: MenuItem[] = [
    {
      label: 'Mute',
      icon: MicrophoneOffIcon,
      disabled: !speaks,
      onChoose: () => hosting.stop(participantId, ['microphone']),
    },
    {
      label: 'Stop video',
      icon: CameraOffIcon,
      disabled: !showsCamera,
      onChoose: () => hosting.stop(participantId, ['camera']),
    },
    {
      label: 'Stop screen share',
      icon: ScreenOffIcon,
      disabled: !sharesScreen,
      onChoose: () => hosting.stop(participantId, ['screen_share', 'screen_share_audio']),
    },
    {
      label: 'Remove…',
      icon: RemoveIcon,
      danger: true,
      onChoose: () => hosting.askToRemove(participantId, name),
    },
  ];
  return (
    <Menu class="tile-action" items={items}>
      <MoreIcon />
      <span class="visually-hidden">Host’s tools for {name}</span>
    </Menu>
  );
}
