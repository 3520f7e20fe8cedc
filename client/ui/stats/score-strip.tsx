import { useEffect, useRef } from 'preact/hooks';
import type { Scores } from './answers.ts';
import { gradeOf } from '../../../server/stats/score/score.ts';
import type { Span } from './span.ts';

type ParticipantScores = Scores['participants'][number];

const HEIGHT = 26;

interface ScoreStripProps {
  scores: Scores;
  participant: ParticipantScores;
  /** What the whole strip stands for. */
  bounds: Span;
  /** What is to be said of it instead of seeing it. */
  label: string;
}

/** A bar a minute: the better, the higher; and its colour by its grade. */
export function ScoreStrip({ scores, participant, bounds, label }: ScoreStripProps) {
  const canvas = useRef<HTMLCanvasElement>(null);
  useEffect(() => {
    const element = canvas.current;
    if (!element) return;
    const draw = () => drawStrip(element, scores, participant, bounds);
    const observer = new ResizeObserver(draw);
    const dark = matchMedia('(prefers-color-scheme: dark)');
    observer.observe(element);
    dark.addEventListener('change', draw);
    return () => {
      observer.disconnect();
      dark.removeEventListener('change', draw);
    };
  }, [scores, participant, bounds]);
  return <canvas ref={canvas} class="score-strip" height={HEIGHT} role="img" aria-label={label} />;
}

function drawStrip(
  canvas: HTMLCanvasElement,
  { time, step }: Scores,
  { score }: ParticipantScores,
  { from, to }: Span,
): void {
  const ratio = devicePixelRatio;
  const [width, height] = [canvas.clientWidth * ratio, HEIGHT * ratio];
  Object.assign(canvas, { width, height });
  const context = canvas.getContext('2d');
  if (!context) return;
  const style = getComputedStyle(canvas);
  const xOf = (at: number) => ((at - from) / (to - from)) * width;
  for (const [index, value] of score.entries()) {
    if (value === null) continue;
    const at = time[index] ?? 0;
    const [left, right] = [xOf(at), xOf(at + step)];
    const top = height * (1 - Math.max(0.12, (value - 1) / 3.5));
    context.fillStyle = style.getPropertyValue(`--${gradeOf(value)}`);
    context.fillRect(
      left,
      top,
      Math.max(1, right - left - (right - left > 4 * ratio ? ratio : 0)),
      height - top,
    );
  }
}
