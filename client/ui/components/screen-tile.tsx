import { useRef } from 'preact/hooks';
import type { Call } from '../state/call.ts';
import type { ScreenContent } from '../state/tiles.ts';
import { FullScreenIcon, ScreenIcon } from './icons.tsx';
import { QualitySign } from './quality-sign.tsx';
import { HostMenu, PinButton } from './tile-actions.tsx';
import { Video } from './video.tsx';
import { WatchInstead } from './watch-instead.tsx';
import './tile.css';
import './screen-tile.css';

/** A screen that somebody shares: all of it is to be seen, as large as can be. */
export function ScreenTile({ content, call }: { content: ScreenContent; call: Call }) {
  const { name, picture, unseen, pin, stoppable } = content;
  const { exchange, hosting } = call;
  const tile = useRef<HTMLDivElement>(null);
  const toggleFullScreen = async () => {
    if (!document.fullscreenEnabled) return;
    try {
      if (document.fullscreenElement) await document.exitFullscreen();
      else await tile.current?.requestFullscreen();
    } catch {
      call.notices.show('full screen', 'The browser did not change to full screen, or back. Try again.');
    }
  };
  return (
    <div
      ref={tile}
      role="group"
      aria-label={name}
      class="tile tile-screen"
      tabIndex={-1}
      onDblClick={({ target }) => {
        if (picture && target instanceof Element && !target.closest('button')) void toggleFullScreen();
      }}
    >
      <div class="tile-without-picture">
        <ScreenIcon />
        {unseen && <WatchInstead unseen={unseen} exchange={exchange} />}
      </div>
      {picture && <Video track={picture} whole />}
      <p class="tile-label">
        <span class="tile-voice">
          <ScreenIcon />
        </span>
        <span class="tile-who">
          <span class="tile-name">{name}</span>
        </span>
      </p>
      <QualitySign
        id={stoppable.participantId}
        name={stoppable.name}
        you={false}
        qualities={call.qualities}
      />
      <div class="tile-actions">
        {picture && document.fullscreenEnabled && (
          <button
            type="button"
            class="tile-action"
            title="Full screen"
            onClick={() => void toggleFullScreen()}
          >
            <FullScreenIcon />
            <span class="visually-hidden">Full screen</span>
          </button>
        )}
        {hosting.isHost.value && <HostMenu target={stoppable} hosting={hosting} />}
        {pin && <PinButton name={name} pin={pin} exchange={exchange} />}
      </div>
    </div>
  );
}
