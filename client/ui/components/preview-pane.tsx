import type { Signal } from '@preact/signals';
import { displayName } from '../state/display-name.ts';
import type { Preview } from '../state/preview.ts';
import { Avatar } from './avatar.tsx';
import { DeviceToggle } from './device-toggle.tsx';
import { Video } from './video.tsx';
import './preview-pane.css';

interface PreviewPaneProps {
  preview: Preview;
  microphone: Signal<boolean>;
  camera: Signal<boolean>;
}

/** One's own picture, and what of oneself one wants to send into the room. */
export function PreviewPane({ preview, microphone, camera }: PreviewPaneProps) {
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
