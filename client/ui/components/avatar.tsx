import './avatar.css';

const HUES = 6;

/** The initials of somebody of whom there is no picture, in a colour that follows the name. */
export function Avatar({ name }: { name: string }) {
  return (
    <span class={`avatar avatar-hue-${hueOf(name)}`} aria-hidden="true">
      {initialsOf(name)}
    </span>
  );
}

const letters = new Intl.Segmenter(undefined, { granularity: 'grapheme' });

function initialsOf(name: string): string {
  const words = name.trim().split(/\s+/);
  return [words[0], words.length > 1 ? words.at(-1) : ''].map(firstLetter).join('').toLocaleUpperCase();
}

function firstLetter(word = ''): string {
  return letters.segment(word).containing(0)?.segment ?? '';
}

function hueOf(name: string): number {
  return (
    Array.from(name).reduce((hash, letter) => (hash * 31 + (letter.codePointAt(0) ?? 0)) % 65_521, 7) % HUES
  );
}
