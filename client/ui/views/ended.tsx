import { Brand } from '../components/brand.tsx';
import { useView } from '../components/use-view.ts';
import { joinAgain, leave, type CallEnd } from '../state/session.ts';
import '../components/button.css';
import './entry.css';

/** What one sees when a call has ended without one's leaving it. It opens no device. */
export function Ended({ end }: { end: CallEnd }) {
  const heading = useView(end.room);
  return (
    <main class="entry">
      <Brand />
      <section class="card entry-only">
        <p class="entry-eyebrow">{end.room}</p>
        <h1 ref={heading} class="entry-title" tabIndex={-1}>
          {end.why}
        </h1>
        <p class="entry-lead">Your camera and microphone are off.</p>
        {end.mayJoinAgain && (
          <button type="button" class="button button-primary" onClick={joinAgain}>
            Join again
          </button>
        )}
        <button type="button" class="button button-plain" onClick={leave}>
          Go to the start page
        </button>
      </section>
    </main>
  );
}
