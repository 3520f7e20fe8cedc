import type { Call } from '../state/call.ts';
import { WIDEST } from './fit-tiles.ts';
import { ScreenTile } from './screen-tile.tsx';
import { TileGrid } from './tile-grid.tsx';
import { Tile } from './tile.tsx';
import './call-floor.css';

/** Everybody's tiles. Where somebody shares a screen, that has most of the place, and the people are beside or below it. */
export function CallFloor({ call }: { call: Call }) {
  const tiles = call.tiles.value;
  const screens = call.screens.value;
  return (
    <div class={screens.length > 0 ? 'call-floor call-floor-staged' : 'call-floor'}>
      {screens.length > 0 && (
        <TileGrid count={screens.length} narrowest={screens.length > 1 ? WIDEST : undefined}>
          {screens.map((screen) => (
            <ScreenTile key={screen.id} content={screen} call={call} />
          ))}
        </TileGrid>
      )}
      <TileGrid count={tiles.length}>
        {tiles.map((tile) => (
          <Tile key={tile.id} content={tile} call={call} />
        ))}
      </TileGrid>
    </div>
  );
}
