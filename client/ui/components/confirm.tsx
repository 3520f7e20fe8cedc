import type { Signal } from '@preact/signals';
import { useEffect, useId, useRef } from 'preact/hooks';
import type { Question } from '../state/hosting.ts';
import './button.css';
import './confirm.css';

/** Asks before something is done that cannot be undone. */
export function Confirm({ question }: { question: Signal<Question | undefined> }) {
  const asked = question.value;
  return asked ? <Dialog asked={asked} onClose={() => (question.value = undefined)} /> : null;
}

function Dialog({ asked, onClose }: { asked: Question; onClose: () => void }) {
  const dialog = useRef<HTMLDialogElement>(null);
  const id = useId();
  useEffect(() => dialog.current?.showModal(), []);
  const act = () => {
    dialog.current?.close();
    asked.act();
  };
  return (
    <dialog
      ref={dialog}
      class="confirm"
      aria-labelledby={`${id}-title`}
      aria-describedby={`${id}-text`}
      onClose={onClose}
    >
      <h2 id={`${id}-title`} class="confirm-title">
        {asked.title}
      </h2>
      <p id={`${id}-text`} class="confirm-text">
        {asked.text}
      </p>
      <div class="confirm-answers">
        <button type="button" class="button button-plain" onClick={() => dialog.current?.close()}>
          Cancel
        </button>
        <button type="button" class="button confirm-do" onClick={act}>
          {asked.answer}
        </button>
      </div>
    </dialog>
  );
}
