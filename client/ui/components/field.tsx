import type { InputHTMLAttributes, RefObject } from 'preact';
import { useId } from 'preact/hooks';
import './field.css';

type Passed = Pick<
  InputHTMLAttributes,
  'autoComplete' | 'autoCapitalize' | 'maxLength' | 'placeholder' | 'spellcheck' | 'enterKeyHint'
>;

interface FieldProps {
  label: string;
  value: string;
  onText: (text: string) => void;
  /** What is wrong with the text, as a sentence; empty where nothing is. */
  problem: string;
  input: RefObject<HTMLInputElement | null>;
  passed: Passed;
}

/** A text field with its label above and, where something is wrong, a sentence below. */
export function Field({ label, value, onText, problem, input, passed }: FieldProps) {
  const id = useId();
  const problemId = `${id}-problem`;
  const wrong = problem !== '';
  return (
    <div class="field">
      <label class="field-label" for={id}>
        {label}
      </label>
      <input
        id={id}
        ref={input}
        class="field-input"
        type="text"
        value={value}
        aria-invalid={wrong}
        aria-describedby={wrong ? problemId : undefined}
        onInput={(event) => onText(event.currentTarget.value)}
        {...passed}
      />
      <p id={problemId} class="field-problem" hidden={!wrong}>
        {problem}
      </p>
    </div>
  );
}
