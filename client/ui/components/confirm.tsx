import type { Signal } from '@preact/signals';
import type { RefObject } from 'preact';
import { useEffect, useId, useRef } from 'preact/hooks';
import type { Question } from '../state/hosting.ts';
import './button.css';
import './confirm.css';

interface ConfirmProps {
  question: Signal<Question | undefined>;
  heading: RefObject<HTMLHeadingElement | null>;
}

/** Asks before something is done that cannot be undone. Once it is done one goes on from the `heading`. */
export function Confirm({ question, heading }: ConfirmProps) {
  const asked = question.value;
  if (!asked) return null;
  return <Dialog asked={asked} heading={heading} onClose={() => (question.value = undefined)} />;
}

interface DialogProps {
  asked: Question;
  heading: ConfirmProps['heading'];
  onClose: () => void;
}

function Dialog({ asked, heading, onClose }: DialogProps) {
  const dialog = useRef<HTMLDialogElement>(null);
  const id = useId();
  useEffect(() => dialog.current?.showModal(), []);
  const act = () => {
    dialog.current?.close();
    // What had the focus before, as somebody's tile, may go with it.
    heading.current?.focus();
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
