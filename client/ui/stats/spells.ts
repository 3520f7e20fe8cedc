import type { Summary } from './answers.ts';
import type { Span } from './span.ts';

/** Minutes of one participant that follow each other. */
export interface Spell extends Span {
  readonly participantId: string;
  readonly displayName: string;
}

/** Joins minutes that follow each other, in order of time. */
export function spellsOf(minutes: Summary['worstMinutes']): Spell[] {
  const spells: Spell[] = [];
  const inOrder = [...minutes].sort((one, other) => Date.parse(one.at) - Date.parse(other.at));
  for (const { at, participantId, displayName } of inOrder) {
    const from = Date.parse(at) / 1000;
    const index = spells.findIndex((one) => one.participantId === participantId && one.to === from);
    const known = spells[index];
    if (known) spells[index] = { ...known, to: from + 60 };
    else spells.push({ participantId, displayName, from, to: from + 60 });
  }
  return spells;
}
