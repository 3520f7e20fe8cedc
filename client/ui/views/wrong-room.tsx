import type { TargetedMouseEvent } from 'preact';
import { Brand } from '../components/brand.tsx';
import { useView } from '../components/use-view.ts';
import { ROOM_NAME_RULE } from '../state/room-name.ts';
import { navigate } from '../state/route.ts';
import '../components/button.css';
import './entry.css';

/** The page of a link that cannot be a room's. */
export function WrongRoom({ text }: { text: string }) {
  const heading = useView('No such room');
  const goToLobby = (event: TargetedMouseEvent<HTMLAnchorElement>) => {
    if (event.metaKey || event.ctrlKey || event.shiftKey) return;
    event.preventDefault();
    navigate('/');
  };
  return (
    <main class="entry">
      <Brand />
      <section class="card entry-only">
        <h1 ref={heading} class="entry-title" tabIndex={-1}>
          “{text}” cannot be a room
        </h1>
        <p class="entry-lead">{ROOM_NAME_RULE}</p>
        <a class="button button-primary" href="/" onClick={goToLobby}>
          Make or join another
        </a>
      </section>
    </main>
  );
}
