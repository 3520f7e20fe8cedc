import { Chart } from './chart.ts';
import { CHART_HEIGHT } from './chart-canvas.tsx';
import { csvOf } from './csv.ts';
import { figures } from './figures.ts';
import { dateAndTime, timeOfDay } from './format.ts';
import { marksOf } from './marks.ts';
import type { RoomStatistics } from './room-statistics.ts';

/** Sizes of the picture, in CSS pixels. */
const WIDTH = 1_200;
const MARGIN = 24;
const HEAD = 84;
const TITLE = 28;

/** The name of a file of what is shown. */
function fileName({ drawn, window }: RoomStatistics, type: string): string {
  const from = new Date(window.shown.peek().from * 1000).toISOString().slice(0, 16).replaceAll(':', '');
  return `${drawn.peek()?.roomName ?? 'room'}-${from}.${type}`;
}

export function saveCsv(statistics: RoomStatistics): void {
  const { drawn, window } = statistics;
  const timeline = drawn.peek();
  if (!timeline) return;
  save(new Blob([csvOf(timeline, window.shown.peek())], { type: 'text/csv' }), fileName(statistics, 'csv'));
}

/** One picture with every chart, as they are shown now, in the colours of the page. */
export async function savePng(statistics: RoomStatistics): Promise<void> {
  const timeline = statistics.drawn.peek();
  if (!timeline) return;
  const span = statistics.window.shown.peek();
  const marks = marksOf(timeline);
  const { participants, time, roomName } = timeline;
  const ratio = devicePixelRatio;
  const height = HEAD + participants.length * (TITLE + CHART_HEIGHT) + MARGIN;
  const canvas = Object.assign(document.createElement('canvas'), {
    width: WIDTH * ratio,
    height: height * ratio,
  });
  const context = canvas.getContext('2d');
  if (!context) throw new Error('The browser has no canvas of that size.');
  const style = getComputedStyle(document.documentElement);
  const color = (name: string) => style.getPropertyValue(name);
  context.scale(ratio, ratio);
  context.fillStyle = color('--surface');
  context.fillRect(0, 0, WIDTH, height);
  const write = (text: string, x: number, y: number, font: string, name: string) => {
    context.fillStyle = color(name);
    context.font = `${font} ${style.fontFamily}`;
    context.fillText(text, x, y);
  };
  write(roomName, MARGIN, 34, '650 20px', '--text');
  const day = dateAndTime(new Date(span.from * 1000).toISOString());
  write(`${day} · ${timeOfDay(span.from)} – ${timeOfDay(span.to)}`, MARGIN, 58, '13px', '--quiet');
  for (const [index, { label, color: name }] of figures.entries()) {
    context.fillStyle = color(name);
    context.fillRect(WIDTH / 2 + index * 110, 50, 14, 4);
    write(label, WIDTH / 2 + index * 110 + 20, 58, '13px', '--text');
  }
  // It takes its colours from where it is.
  const place = document.createElement('div');
  place.className = 'visually-hidden';
  document.body.append(place);
  try {
    for (const [index, participant] of participants.entries()) {
      const top = HEAD + index * (TITLE + CHART_HEIGHT);
      write(participant.displayName, MARGIN, top + 16, '600 14px', '--text');
      const data = { time, participant, marks: marks.get(participant.participantId) ?? [] };
      const chart = new Chart(place, data, { width: WIDTH - 2 * MARGIN, height: CHART_HEIGHT, span });
      // It draws itself when what was set has been.
      await new Promise<void>((resolve) => queueMicrotask(resolve));
      context.drawImage(chart.plot.ctx.canvas, MARGIN, top + TITLE, WIDTH - 2 * MARGIN, CHART_HEIGHT);
      chart.destroy();
    }
  } finally {
    place.remove();
  }
  const picture = await new Promise<Blob | null>((resolve) => canvas.toBlob(resolve, 'image/png'));
  if (!picture) throw new Error('The browser could not make a picture of that size.');
  save(picture, fileName(statistics, 'png'));
}

function save(content: Blob, name: string): void {
  const link = document.createElement('a');
  link.href = URL.createObjectURL(content);
  link.download = name;
  link.click();
  // The browser has begun to read it by then.
  setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
}
