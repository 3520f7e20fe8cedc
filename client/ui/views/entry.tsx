import type { TargetedEvent } from 'preact';
import { useEffect, useMemo } from 'preact/hooks';
import { Brand } from '../components/brand.tsx';
import { useNameField } from '../components/name-field.tsx';
import { PreviewPane } from '../components/preview-pane.tsx';
import { useView } from '../components/use-view.ts';
import { WebRtcHint } from '../components/webrtc-hint.tsx';
import { knownNameIn } from '../state/access-token.ts';
import { Preview } from '../state/preview.ts';
import { failure, join, joining } from '../state/session.ts';
import { hasWebRtc } from '../state/webrtc.ts';
import { wishes } from '../state/wishes.ts';
import '../components/button.css';
import './entry.css';

/** A room's page before one is in the room. */
export function Entry({ room }: { room: string }) {
  const heading = useView(room);
  return (
    <main class="entry">
      <Brand />
      <section class="entry-columns">
        <div class="entry-what">
          <p class="entry-eyebrow">You are about to join</p>
          <h1 ref={heading} class="entry-title" tabIndex={-1}>
            {room}
          </h1>
        </div>
        <EntryForm room={room} />
      </section>
    </main>
  );
}

function EntryForm({ room }: { room: string }) {
  const known = knownNameIn(room);
  const name = useNameField();
  const preview = useMemo(() => new Preview(wishes.camera.peek()), []);
  useEffect(() => () => preview.stop(), [preview]);

  const enter = (event: TargetedEvent) => {
    event.preventDefault();
    if (joining.peek() || !(known !== undefined || name.check())) return;
    void join(room, {
      microphone: wishes.microphone.value,
      camera: wishes.camera.value,
      takeCamera: () => preview.take(),
    });
  };

  return (
    <>
      {hasWebRtc() && <PreviewPane preview={preview} />}
      <form class="entry-form" noValidate onSubmit={enter}>
        <WebRtcHint />
        <div>
          {known === undefined ? name.field : <KnownName name={known} />}
          <div role="alert">{failure.value !== '' && <p class="entry-failure">{failure.value}</p>}</div>
        </div>
        <button type="submit" class="button button-primary" aria-disabled={joining.value}>
          Join
        </button>
      </form>
    </>
  );
}

/** Who comes with an access token has the name that it says. */
function KnownName({ name }: { name: string }) {
  return (
    <p class="entry-lead">
      The others see you as <strong class="entry-known">{name}</strong>.
    </p>
  );
}
