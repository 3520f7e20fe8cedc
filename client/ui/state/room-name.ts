import { adjectives, animals } from './words.ts';

/** As the protocol has it: `RoomName` in server/protocol/model.ts, which would bring its validator into the page. */
export const PATTERN = /^[A-Za-z0-9][A-Za-z0-9_-]{0,63}$/;

export const ROOM_NAME_RULE =
  'A room’s name has 1 to 64 letters, digits, “-” and “_”, and begins with a letter or digit.';

export function isRoomName(text: string): boolean {
  return PATTERN.test(text);
}

/** The room's name in what somebody typed or pasted: a name, or the link of a room. Undefined where there is none. */
export function roomNameIn(text: string): string | undefined {
  const name = /\/r\/([^/?#\s]*)/.exec(text)?.[1] ?? text.trim();
  return isRoomName(name) ? name : undefined;
}

/** A name that nobody guesses by accident and everybody can read out, such as `amber-otter-4821`. */
export function randomRoomName(): string {
  const [first = 0, second = 0, third = 0] = crypto.getRandomValues(new Uint32Array(3));
  const digits = 1000 + (third % 9000);
  return `${pick(adjectives, first)}-${pick(animals, second)}-${digits}`;
}

function pick(words: readonly string[], random: number): string {
  return words[random % words.length] ?? '';
}
