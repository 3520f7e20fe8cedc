import { useEffect, useRef } from 'preact/hooks';
import { forget, play, playBlocked, soundBlocked } from '../state/sound.ts';
import type { Sound } from '../state/tiles.ts';
import { SoundIcon } from './icons.tsx';
import './button.css';

/** Plays what the others say, apart from their pictures: whom one does not see is heard all the same. */
export function Sounds({ sounds }: { sounds: readonly Sound[] }) {
  return (
    <div hidden>
      {sounds.map(({ id, track }) => (
        <SoundOf key={id} track={track} />
      ))}
    </div>
  );
}

function SoundOf({ track }: { track: MediaStreamTrack }) {
  const element = useRef<HTMLAudioElement>(null);
  useEffect(() => {
    const audio = element.current;
    if (!audio) return;
    audio.srcObject = new MediaStream([track]);
    void play(audio);
    return () => forget(audio);
  }, [track]);
  return <audio ref={element} autoPlay />;
}

/** There while the browser waits for a click before it plays any sound. */
export function PlaySound() {
  if (!soundBlocked.value) return null;
  return (
    <button type="button" class="button button-primary" onClick={() => void playBlocked()}>
      <SoundIcon />
      Play sound
    </button>
  );
}
