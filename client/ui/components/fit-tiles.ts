export interface Size {
  width: number;
  height: number;
}

/** The shapes that a tile may have, as ratios of width to height: wide as a camera's picture, or narrower, up to these. */
export const WIDEST = 16 / 9;
const NARROWEST = { landscape: 4 / 3, portrait: 4 / 5 };

/** Tiles narrower than this are no use: then there are more rows than fit, to be scrolled. In CSS px. */
const LEAST_WIDTH = 140;

/**
 * The size of tiles at which `count` of them, all of one size, fill an area best.
 *
 * @param narrowest The shape that they may narrow to; by itself, one that suits faces.
 */
export function fitTiles(
  count: number,
  area: Size,
  gap: number,
  narrowest = area.height > area.width ? NARROWEST.portrait : NARROWEST.landscape,
): Size {
  const candidates = Array.from({ length: count }, (_, index) => {
    const columns = index + 1;
    const rows = Math.ceil(count / columns);
    return shaped(share(area.width, columns, gap), share(area.height, rows, gap), narrowest);
  });
  const best = candidates.reduce((one, other) =>
    other.width * other.height > one.width * one.height ? other : one,
  );
  return best.width < LEAST_WIDTH ? scrolled(area.width, gap) : best;
}

function share(length: number, parts: number, gap: number): number {
  return Math.max(0, (length - gap * (parts - 1)) / parts);
}

function shaped(width: number, height: number, narrowest: number): Size {
  return { width: Math.min(width, height * WIDEST), height: Math.min(height, width / narrowest) };
}

function scrolled(areaWidth: number, gap: number): Size {
  const columns = Math.max(1, Math.floor((areaWidth + gap) / (LEAST_WIDTH + gap)));
  const width = share(areaWidth, columns, gap);
  return { width, height: width / WIDEST };
}
