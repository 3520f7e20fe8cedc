import type { ComponentChildren } from 'preact';
import { useSignal } from '@preact/signals';
import { DownloadIcon, EarlierIcon, LaterIcon, ZoomInIcon, ZoomOutIcon } from '../components/icons.tsx';
import { saveCsv, savePng } from './save.ts';
import { timesOf } from './format.ts';
import type { RoomStatistics } from './room-statistics.ts';
import '../components/button.css';
import './toolbar.css';

const NEARER = 0.5;
const STEP = 0.5;

/** Zooms and moves all charts, by buttons and keys, and saves what they show. */
export function Toolbar({ statistics }: { statistics: RoomStatistics }) {
  const { window } = statistics;
  const failed = useSignal('');
  const shown = window.shown.value;
  const told = timesOf(shown, 'seconds');
  const isAll = shown.from === window.bounds.value.from && shown.to === window.bounds.value.to;
  const save = async (work: (statistics: RoomStatistics) => void | Promise<void>) => {
    failed.value = '';
    try {
      await work(statistics);
    } catch (error) {
      failed.value = 'The file could not be made.';
      throw error;
    }
  };
  return (
    <div class="toolbar" role="group" aria-label="Time axis">
      <p class="toolbar-span">
        <time>{told(shown.from)}</time> – <time>{told(shown.to)}</time>
      </p>
      <Tool label="Earlier" shortcut="ArrowLeft" disabled={isAll} onUse={() => window.pan(-STEP)}>
        <EarlierIcon />
      </Tool>
      <Tool label="Later" shortcut="ArrowRight" disabled={isAll} onUse={() => window.pan(STEP)}>
        <LaterIcon />
      </Tool>
      <Tool label="Zoom in" shortcut="+" onUse={() => window.zoom(NEARER)}>
        <ZoomInIcon />
      </Tool>
      <Tool label="Zoom out" shortcut="-" disabled={isAll} onUse={() => window.zoom(1 / NEARER)}>
        <ZoomOutIcon />
      </Tool>
      <button
        type="button"
        class="tool"
        title="Whole call"
        aria-disabled={isAll}
        aria-keyshortcuts="0"
        onClick={() => window.showAll()}
      >
        All
      </button>
      <span class="toolbar-rest" />
      <button
        type="button"
        class="tool"
        title="Figures of what is shown, for a spreadsheet"
        onClick={() => void save(saveCsv)}
      >
        <DownloadIcon /> CSV
      </button>
      <button type="button" class="tool" title="A picture of all charts" onClick={() => void save(savePng)}>
        <DownloadIcon /> PNG
      </button>
      <p class="toolbar-failed" role="alert">
        {failed.value}
      </p>
    </div>
  );
}

interface ToolProps {
  label: string;
  shortcut: string;
  disabled?: boolean;
  onUse: () => void;
  children: ComponentChildren;
}

function Tool({ label, shortcut, disabled = false, onUse, children }: ToolProps) {
  return (
    <button
      type="button"
      class="tool"
      title={label}
      aria-disabled={disabled}
      aria-keyshortcuts={shortcut}
      onClick={() => disabled || onUse()}
    >
      {children}
      <span class="visually-hidden">{label}</span>
    </button>
  );
}

/** Keys move the charts while one is among them, but where one types or scrolls something. */
export function byKey({ window }: RoomStatistics, event: KeyboardEvent): void {
  const { target, key, ctrlKey, metaKey, altKey } = event;
  if (ctrlKey || metaKey || altKey) return;
  if (target instanceof Element && target.closest('input, select, textarea, [role=region]')) return;
  const works: Partial<Record<string, () => void>> = {
    ArrowLeft: () => window.pan(-STEP / 2),
    ArrowRight: () => window.pan(STEP / 2),
    '+': () => window.zoom(NEARER),
    '=': () => window.zoom(NEARER),
    '-': () => window.zoom(1 / NEARER),
    '0': () => window.showAll(),
  };
  const work = works[key];
  if (!work) return;
  event.preventDefault();
  work();
}
