import type { RefObject } from 'preact';
import type { Call } from '../state/call.ts';
import type { Hosting } from '../state/hosting.ts';
import { linkTo } from '../state/route.ts';
import { Mark } from './brand.tsx';
import { CopyLink } from './copy-link.tsx';
import { EndIcon, HostIcon, LockIcon, PeopleIcon, UnlockIcon } from './icons.tsx';
import { Menu } from './menu.tsx';
import { PlacesSign } from './places-sign.tsx';
import './call-header.css';

/** Which room it is and whether it is locked, how many are in it, what one watches, and the room's link. */
export function CallHeader({ call, heading }: { call: Call; heading: RefObject<HTMLHeadingElement | null> }) {
  const link = linkTo(call.roomName);
  const places = call.places.value;
  const count = call.tiles.value.length;
  return (
    <header class="call-header">
      <Mark />
      <h1 ref={heading} class="call-title" tabIndex={-1}>
        {call.roomName}
      </h1>
      <LockedSign hosting={call.hosting} />
      <p class="call-count">
        <PeopleIcon />
        {count}
        <span class="visually-hidden">{count === 1 ? 'person in the room' : 'people in the room'}</span>
      </p>
      {places.length > 0 && <PlacesSign places={places} />}
      {call.hosting.isHost.value && <RoomMenu hosting={call.hosting} />}
      <CopyLink link={link} onRefused={() => call.notices.show('link', `Copy this link: ${link}`)} />
    </header>
  );
}

/** Always there, so that it is told when the room is locked or unlocked. */
function LockedSign({ hosting }: { hosting: Hosting }) {
  const locked = hosting.locked.value;
  return (
    <p class="call-locked" role="status" title={locked ? 'Nobody else can come in' : undefined}>
      {locked && (
        <>
          <LockIcon />
          <span class="call-locked-text">Locked</span>
        </>
      )}
    </p>
  );
}

/** What a host can do with the room. */
function RoomMenu({ hosting }: { hosting: Hosting }) {
  const locked = hosting.locked.value;
  return (
    <Menu
      class="button button-quiet call-host"
      items={[
        {
          label: locked ? 'Unlock the room' : 'Lock the room',
          icon: locked ? UnlockIcon : LockIcon,
          onChoose: () => hosting.toggleLock(),
        },
        { label: 'End for everybody…', icon: EndIcon, danger: true, onChoose: () => hosting.askToEnd() },
      ]}
    >
      <HostIcon />
      <span class="call-host-text">Host’s tools</span>
    </Menu>
  );
}
