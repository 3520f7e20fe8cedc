import { randomBytes } from 'node:crypto';

const consonants = 'bdfghjklmnprstvz';
const vowels = 'aiou';

/** Random words that make a name. */
const WORDS = 4;

/**
 * A name that nobody guesses (64 random bits) and that can be told over the telephone, such as `lusab-babad-gutih-tugad`.
 *
 * @see https://arxiv.org/html/0901.4016 for the words.
 */
export function randomRoomName(): string {
  const bytes = randomBytes(2 * WORDS);
  return Array.from({ length: WORDS }, (_, index) => wordOf(bytes.readUInt16BE(2 * index))).join('-');
}

/** Sixteen bits as consonant, vowel, consonant, vowel, consonant. */
function wordOf(bits: number): string {
  const consonant = (shift: number) => consonants[(bits >> shift) & 15] ?? '';
  const vowel = (shift: number) => vowels[(bits >> shift) & 3] ?? '';
  return consonant(12) + vowel(10) + consonant(6) + vowel(4) + consonant(0);
}
