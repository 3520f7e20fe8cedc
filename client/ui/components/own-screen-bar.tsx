import type { OwnScreen } from '../state/own-screen.ts';
import { Video } from './video.tsx';
import './button.css';
import './own-screen-bar.css';

/** Says, for as long as it is so, that one's own screen is seen by the others, and which one. Always there, so that it is told. */
export function OwnScreenBar({ screen }: { screen: OwnScreen }) {
  const shared = screen.shared.value;
  return (
    <div class="own-screen" role="status">
      {shared && (
        <>
          <div class="own-screen-picture">
            <Video track={shared.picture} whole />
          </div>
          <p class="own-screen-text">
            You are sharing your screen{shared.withSound ? ', with its sound' : ''}.
          </p>
          <button type="button" class="button own-screen-stop" onClick={() => void screen.stop()}>
            Stop sharing
          </button>
        </>
      )}
    </div>
  );
}
