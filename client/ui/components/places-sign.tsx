import { useId } from 'preact/hooks';
import type { Place } from '../state/places.ts';
import { CameraIcon, ChevronIcon } from './icons.tsx';
import { useDisclosure } from './use-disclosure.ts';
import './button.css';
import './places-sign.css';

/** How many of one's places for videos are held. It opens a panel that says by what. */
export function PlacesSign({ places }: { places: readonly Place[] }) {
  const { open, root, button } = useDisclosure();
  const panelId = useId();
  const held = places.filter((place) => place.held).length;
  return (
    <div ref={root} class="places">
      <button
        ref={button}
        type="button"
        class="button button-quiet places-sign"
        aria-expanded={open.value}
        aria-controls={panelId}
        onClick={() => (open.value = !open.value)}
      >
        <CameraIcon />
        <span>
          <span>{`${held} of ${places.length}`}</span>
          <span class="places-unit"> videos</span>
        </span>
        <ChevronIcon />
      </button>
      <div id={panelId} class="places-panel" hidden={!open.value}>
        <h2 class="places-title">Videos you are watching</h2>
        <ul class="places-list" role="list">
          {places.map((place, index) => (
            <PlaceRow key={place.held ? place.streamId : index} place={place} />
          ))}
        </ul>
        <p class="places-rule">{rule(places.length)}</p>
      </div>
    </div>
  );
}

function PlaceRow({ place }: { place: Place }) {
  if (!place.held) return <li class="place place-free">free</li>;
  return (
    <li class={place.here ? 'place place-here' : 'place'}>
      <span class="place-who">{place.who}</span>
      <span class="place-where">{` – ${place.where}`}</span>
    </li>
  );
}

function rule(limit: number): string {
  return `You can watch ${limit === 1 ? '1 video' : `${limit} videos`} at once, over all your tabs, rooms and devices. Here they follow who speaks; what you pin stays.`;
}
