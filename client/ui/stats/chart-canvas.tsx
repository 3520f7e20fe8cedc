import { effect, useSignal, type Signal } from '@preact/signals';
import { useEffect, useRef } from 'preact/hooks';
import { Chart, type ChartData } from './chart.ts';
import { grab, navigate } from './navigation.ts';
import type { TimeWindow } from './time-window.ts';
import { useNear } from './use-near.ts';
import 'uplot/dist/uPlot.min.css';

/** In CSS pixels. */
export const CHART_HEIGHT = 190;

const dark = matchMedia('(prefers-color-scheme: dark)');

interface ChartCanvasProps {
  data: ChartData;
  window: TimeWindow;
  /** What is to be said of it instead of seeing it. */
  label: string;
  /** Takes the index of the step at the cursor. */
  cursor: Signal<number | null>;
}

/** A chart, drawn while it is near the visible part of the page. */
export function ChartCanvas({ data, window, label, cursor }: ChartCanvasProps) {
  const place = useRef<HTMLDivElement>(null);
  const chart = useRef<Chart>(undefined);
  const near = useNear(place);
  const isDark = useSignal(dark.matches);

  useEffect(() => {
    const changed = () => (isDark.value = dark.matches);
    dark.addEventListener('change', changed);
    return () => dark.removeEventListener('change', changed);
  }, []);

  useEffect(() => {
    const element = place.current;
    if (!element || !near.value) return;
    const made = new Chart(element, data, {
      width: element.clientWidth,
      height: CHART_HEIGHT,
      span: window.shown.peek(),
      onCursor: (index) => (cursor.value = index),
      onSelect: (span) => window.show(span),
      onGrab: (event) => grab(made.plot, window, event),
      onShowAll: () => window.showAll(),
    });
    chart.current = made;
    navigate(made.plot, window);
    const unfollow = effect(() => made.show(window.shown.value));
    const observer = new ResizeObserver(() => made.setSize(element.clientWidth, CHART_HEIGHT));
    observer.observe(element);
    return () => {
      observer.disconnect();
      unfollow();
      made.destroy();
      chart.current = undefined;
      cursor.value = null;
    };
  }, [near.value, isDark.value]);

  useEffect(() => chart.current?.setData(data, window.shown.peek()), [data]);

  return <div ref={place} class="chart-canvas" role="img" aria-label={label} />;
}
