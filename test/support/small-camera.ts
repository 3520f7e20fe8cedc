import { randomUUID } from 'node:crypto';
import { existsSync } from 'node:fs';
import { rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { projectRoot } from '../../server/root.ts';

const WIDTH = 320;
const HEIGHT = 180;
const FRAMES = 10;

/**
 * A film for Chromium's fake camera, in place of its own pictures, which are as large as they are asked for: a bar that moves, 10
 * frames a second. Small pictures cost a sixteenth to encode.
 *
 * @returns the file, uncompressed (YUV4MPEG2).
 */
export async function smallCamera(): Promise<string> {
  const file = join(projectRoot, 'dist/tests/small-camera.y4m');
  if (existsSync(file)) return file;
  // Several browsers start at once.
  const draft = `${file}.${randomUUID()}`;
  const frames = Array.from({ length: FRAMES }, (_, index) => frame(index));
  await writeFile(
    draft,
    Buffer.concat([header(`YUV4MPEG2 W${WIDTH} H${HEIGHT} F10:1 Ip A1:1 C420`), ...frames]),
  );
  await rename(draft, file);
  return file;
}

const header = (text: string) => Buffer.from(`${text}\n`);

function frame(index: number): Buffer {
  const luma = Buffer.alloc(WIDTH * HEIGHT, 60);
  const from = (index * WIDTH) / FRAMES;
  for (let y = 0; y < HEIGHT; y += 1) luma.fill(200, y * WIDTH + from, y * WIDTH + from + WIDTH / FRAMES);
  const chroma = Buffer.alloc((WIDTH * HEIGHT) / 2, 128);
  return Buffer.concat([header('FRAME'), luma, chroma]);
}
