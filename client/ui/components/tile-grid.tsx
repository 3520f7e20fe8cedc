import type { ComponentChildren, RefObject } from 'preact';
import { useLayoutEffect, useRef } from 'preact/hooks';
import { fitTiles } from './fit-tiles.ts';
import './tile-grid.css';

interface TileGridProps {
  /** How many tiles there are. */
  count: number;
  /** The shape that they may narrow to, a ratio of width to height; by itself, one that suits faces. */
  narrowest?: number | undefined;
  /** The tiles. */
  children: ComponentChildren;
}

/** Tiles, as large as they can all be. */
export function TileGrid({ count, narrowest, children }: TileGridProps) {
  const grid = useRef<HTMLDivElement>(null);
  useTileSize(grid, count, narrowest);
  return (
    <div ref={grid} class="tile-grid">
      {children}
    </div>
  );
}

function useTileSize(
  grid: RefObject<HTMLDivElement | null>,
  count: number,
  narrowest: number | undefined,
): void {
  useLayoutEffect(() => {
    const element = grid.current;
    if (!element) return;
    const observer = new ResizeObserver(() => setTileSize(element, count, narrowest));
    setTileSize(element, count, narrowest);
    observer.observe(element);
    return () => observer.disconnect();
  }, [count, narrowest]);
}

function setTileSize(grid: HTMLElement, count: number, narrowest: number | undefined): void {
  const { paddingInline, paddingBlock, gap } = getComputedStyle(grid);
  const area = {
    width: grid.offsetWidth - 2 * Number.parseFloat(paddingInline),
    height: grid.offsetHeight - 2 * Number.parseFloat(paddingBlock),
  };
  const { width, height } = fitTiles(count, area, Number.parseFloat(gap), narrowest);
  grid.style.setProperty('--tile-width', `${Math.floor(width)}px`);
  grid.style.setProperty('--tile-height', `${Math.floor(height)}px`);
}
