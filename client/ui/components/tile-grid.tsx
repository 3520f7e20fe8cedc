import type { RefObject } from 'preact';
import { useLayoutEffect, useRef } from 'preact/hooks';
import type { Exchange } from '../state/exchange.ts';
import type { TileContent } from '../state/tiles.ts';
import { fitTiles } from './fit-tiles.ts';
import { Tile } from './tile.tsx';
import './tile-grid.css';

interface TileGridProps {
  tiles: readonly TileContent[];
  exchange: Exchange;
}

/** Everybody's tiles, as large as they can all be. */
export function TileGrid({ tiles, exchange }: TileGridProps) {
  const grid = useRef<HTMLDivElement>(null);
  useTileSize(grid, tiles.length);
  return (
    <div ref={grid} class="tile-grid">
      {tiles.map((tile) => (
        <Tile key={tile.id} content={tile} exchange={exchange} />
      ))}
    </div>
  );
}

function useTileSize(grid: RefObject<HTMLDivElement | null>, count: number): void {
  useLayoutEffect(() => {
    const element = grid.current;
    if (!element) return;
    const observer = new ResizeObserver(() => setTileSize(element, count));
    setTileSize(element, count);
    observer.observe(element);
    return () => observer.disconnect();
  }, [count]);
}

function setTileSize(grid: HTMLElement, count: number): void {
  const { paddingInline, paddingBlock, gap } = getComputedStyle(grid);
  const area = {
    width: grid.offsetWidth - 2 * Number.parseFloat(paddingInline),
    height: grid.offsetHeight - 2 * Number.parseFloat(paddingBlock),
  };
  const { width, height } = fitTiles(count, area, Number.parseFloat(gap));
  grid.style.setProperty('--tile-width', `${Math.floor(width)}px`);
  grid.style.setProperty('--tile-height', `${Math.floor(height)}px`);
}
