import { useSignal } from '@preact/signals';
import { useRef } from 'preact/hooks';
import { DISPLAY_NAME_MAX, displayName, displayNameProblem, setDisplayName } from '../state/display-name.ts';
import { Field } from './field.tsx';

/** The field of one's own name, and a check to be done before one goes on: it says what is wrong and goes there. */
export function useNameField() {
  const problem = useSignal('');
  const input = useRef<HTMLInputElement>(null);
  const check = (): boolean => {
    problem.value = displayNameProblem();
    if (problem.value === '') return true;
    input.current?.focus();
    return false;
  };
  const field = (
    <Field
      label="Your name"
      value={displayName.value}
      problem={problem.value}
      input={input}
      onText={(text) => {
        setDisplayName(text);
        problem.value = '';
      }}
      passed={{ autoComplete: 'name', maxLength: DISPLAY_NAME_MAX, spellcheck: false, enterKeyHint: 'go' }}
    />
  );
  return { field, check };
}
