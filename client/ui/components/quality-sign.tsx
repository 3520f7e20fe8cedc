import { useId, useMemo } from 'preact/hooks';
import type { Qualities } from '../state/quality.ts';
import { QualityBars } from './quality-bars.tsx';
import { QualityPanel } from './quality-panel.tsx';
import { gradeWords } from './quality-words.ts';
import { useDisclosure } from './use-disclosure.ts';
import './quality-sign.css';

interface QualitySignProps {
  /** The participant's. */
  id: string;
  name: string;
  you: boolean;
  qualities: Qualities;
}

/** How somebody's connection is, as three bars. It opens a panel with the figures and the last minute. */
export function QualitySign({ id, name, you, qualities }: QualitySignProps) {
  const { open, root, button } = useDisclosure();
  const panelId = useId();
  const quality = useMemo(() => (you ? qualities.own : qualities.of(id)), [qualities, id, you]);
  const grade = quality.grade.value;
  const whose = you ? 'Your connection' : `Connection of ${name}`;
  return (
    <div ref={root} class={`quality quality-${grade ?? 'unknown'}`}>
      <button
        ref={button}
        type="button"
        class="quality-sign"
        aria-expanded={open.value}
        aria-controls={panelId}
        onClick={() => (open.value = !open.value)}
      >
        <QualityBars grade={grade} />
        <span class="visually-hidden">{`${whose}: ${gradeWords(grade)}`}</span>
      </button>
      {open.value && <QualityPanel id={panelId} title={whose} you={you} quality={quality} beside={button} />}
    </div>
  );
}
