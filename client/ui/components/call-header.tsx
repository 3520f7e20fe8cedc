import type { RefObject } from 'preact';
import type { Call } from '../state/call.ts';
import { linkTo } from '../state/route.ts';
import { Mark } from './brand.tsx';
import { CopyLink } from './copy-link.tsx';
import { PeopleIcon } from './icons.tsx';
import { PlacesSign } from './places-sign.tsx';
import './call-header.css';

/** Which room it is, how many are in it, what one watches, and the room's link. */
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
      <p class="call-count">
        <PeopleIcon />
        {count}
        <span class="visually-hidden">{count === 1 ? 'person in the room' : 'people in the room'}</span>
      </p>
      {places.length > 0 && <PlacesSign places={places} />}
      <CopyLink link={link} onRefused={() => call.notices.show('link', `Copy this link: ${link}`)} />
    </header>
  );
}
