import { useSignal } from '@preact/signals';
import type { TargetedEvent } from 'preact';
import { useRef } from 'preact/hooks';
import { Brand } from '../components/brand.tsx';
import { Field } from '../components/field.tsx';
import { useNameField } from '../components/name-field.tsx';
import { Roads } from '../components/roads.tsx';
import { useView } from '../components/use-view.ts';
import { WebRtcHint } from '../components/webrtc-hint.tsx';
import { keepTokenIn, knownNameIn } from '../state/access-token.ts';
import { randomRoomName, ROOM_NAME_RULE, roomNameIn } from '../state/room-name.ts';
import { navigate, pathOf } from '../state/route.ts';
import '../components/button.css';
import './lobby.css';

/** The way in: one's name, and a new room or one whose name or link one was given. */
export function Lobby() {
  const heading = useView('');
  const name = useNameField();

  const makeRoom = (event: TargetedEvent) => {
    event.preventDefault();
    if (name.check()) navigate(pathOf(randomRoomName()));
  };

  return (
    <main class="lobby">
      <header class="lobby-header">
        <Brand />
        <a class="lobby-past" href="/stats">
          Past calls
        </a>
      </header>
      <section class="lobby-welcome">
        <h1 ref={heading} class="lobby-title" tabIndex={-1}>
          Meet where the roads cross.
        </h1>
        <p class="lobby-lead">
          Trivium is video calls in your browser: make a room, share its link, and talk. There is nothing to
          install.
        </p>
        <Roads />
      </section>
      <section class="card lobby-card">
        <WebRtcHint />
        <form class="lobby-form" noValidate onSubmit={makeRoom}>
          {name.field}
          <button type="submit" class="button button-primary">
            New room
          </button>
        </form>
        <p class="lobby-or">or join one</p>
        <JoinForm isNamed={name.check} />
      </section>
    </main>
  );
}

function JoinForm({ isNamed }: { isNamed: () => boolean }) {
  const text = useSignal('');
  const problem = useSignal('');
  const input = useRef<HTMLInputElement>(null);

  const joinRoom = (event: TargetedEvent) => {
    event.preventDefault();
    const room = roomNameIn(text.value);
    if (room === undefined) {
      problem.value =
        text.value.trim() === '' ? 'Enter the name of a room, or paste its link.' : ROOM_NAME_RULE;
      input.current?.focus();
      return;
    }
    keepTokenIn(text.value);
    if (knownNameIn(room) !== undefined || isNamed()) navigate(pathOf(room));
  };

  return (
    <form class="lobby-join" noValidate onSubmit={joinRoom}>
      <Field
        label="Room"
        value={text.value}
        problem={problem.value}
        input={input}
        onText={(entered) => {
          text.value = entered;
          problem.value = '';
        }}
        passed={{
          autoComplete: 'off',
          autoCapitalize: 'none',
          spellcheck: false,
          placeholder: 'Its name or link',
          enterKeyHint: 'go',
        }}
      />
      <button type="submit" class="button button-plain">
        Join
      </button>
    </form>
  );
}
