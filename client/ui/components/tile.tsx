import type { ComponentChildren } from 'preact';
import type { Call } from '../state/call.ts';
import type { TileContent } from '../state/tiles.ts';
import { Avatar } from './avatar.tsx';
import { MicrophoneIcon, MicrophoneOffIcon, SpeakingIcon } from './icons.tsx';
import { QualitySign } from './quality-sign.tsx';
import { HostMenu, PinButton } from './tile-actions.tsx';
import { Video } from './video.tsx';
import { WatchInstead } from './watch-instead.tsx';
import './tile.css';

/** One participant: the picture, or what stands for it, with the name and whether one hears something. */
export function Tile({ content, call }: { content: TileContent; call: Call }) {
  const { id, name, you, muted, speaking, camera, unseen, stalled, pin, stoppable } = content;
  const { exchange, hosting } = call;
  return (
    <div
      role="group"
      aria-label={name}
      class={classOf({ speaking, stalled })}
      data-participant={id}
      tabIndex={-1}
    >
      <WithoutPicture name={name}>
        {unseen && <WatchInstead unseen={unseen} exchange={exchange} />}
      </WithoutPicture>
      {camera && <Video track={camera} mirrored={you} />}
      {stalled && <p class="tile-stalled-words">Nothing arrives at present</p>}
      <p class="tile-label">
        <Voice muted={muted} speaking={speaking} />
        <span class="tile-who">
          <span class="tile-name">{name}</span>
          {you && ' (you)'}
        </span>
      </p>
      <QualitySign id={id} name={name} you={you} qualities={call.qualities} />
      <div class="tile-actions">
        {stoppable && hosting.isHost.value && <HostMenu target={stoppable} hosting={hosting} />}
        {pin && <PinButton name={name} pin={pin} exchange={exchange} />}
      </div>
    </div>
  );
}

const classOf = ({ speaking, stalled }: Pick<TileContent, 'speaking' | 'stalled'>) =>
  ['tile', speaking && 'tile-speaking', stalled && 'tile-stalled'].filter(Boolean).join(' ');

/** Stands behind the picture, and so for it where there is none; its children say why, and what one can do. */
function WithoutPicture({ name, children }: { name: string; children?: ComponentChildren }) {
  return (
    <div class="tile-without-picture">
      <Avatar name={name} />
      {children}
    </div>
  );
}

function Voice({ muted, speaking }: { muted: boolean; speaking: boolean }) {
  if (!muted && !speaking) {
    return (
      <span class="tile-voice">
        <MicrophoneIcon />
      </span>
    );
  }
  return (
    <span class={muted ? 'tile-voice tile-muted' : 'tile-voice'}>
      {muted ? <MicrophoneOffIcon /> : <SpeakingIcon />}
      <span class="visually-hidden">{muted ? 'muted' : 'speaking'}</span>
    </span>
  );
}
