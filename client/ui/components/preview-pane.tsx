import { displayName } from '../state/display-name.ts';
import type { Preview } from '../state/preview.ts';
import { wishes } from '../state/wishes.ts';
import { Avatar } from './avatar.tsx';
import { DeviceToggle } from './device-toggle.tsx';
import { Video } from './video.tsx';
import './button.css';
import './preview-pane.css';

/** One's own picture, and what of oneself one wants to send into the room. */
export function PreviewPane({ preview }: { preview: Preview }) {
  const { microphone, camera } = wishes;
  const toggleCamera = () => {
    camera.value = !camera.value;
    if (camera.value) void preview.start();
    else preview.stop();
  };
  const track = preview.track.value;
  return (
    <div class="preview">
      <div class="preview-picture">
        <Avatar name={displayName.value} />
        {track && <Video track={track} mirrored />}
        <p class={track ? 'visually-hidden' : 'preview-text'} role="status">
          {preview.message.value}
        </p>
        {camera.value && !track && (
          <button type="button" class="button button-plain" onClick={() => void preview.start()}>
            Show my camera
          </button>
        )}
      </div>
      <div class="preview-controls">
        <DeviceToggle
          device="microphone"
          on={microphone.value}
          onToggle={() => (microphone.value = !microphone.value)}
        />
        <DeviceToggle device="camera" on={camera.value} onToggle={toggleCamera} />
      </div>
    </div>
  );
}
