import { dateAndTime } from './format.ts';
import { periods, type Search } from './search.ts';

const [SHORTEST, LONGEST] = [periods[0].hours, periods[periods.length - 1]?.hours ?? 0];

const either = new Intl.ListFormat('en', { type: 'disjunction' });

const momentWords = (at: number): string => dateAndTime(new Date(at).toISOString());

/** The time that was looked at: `the 24 hours until now`. */
export function timeWords({ hours, until }: Search): string {
  const { label } = periods.find((one) => one.hours === hours) ?? periods[0];
  return `${label} until ${until === undefined ? 'now' : momentWords(until)}`;
}

/** Said beside the field for a moment that is yet to come. */
export const aheadWords = (until: number): string =>
  `${momentWords(until)} is yet to come: the list ends now.`;

/** Said where nothing was found, with what one can change. */
export function emptyWords(asked: Search): string {
  const { hours, until, name } = asked;
  const changes = [
    ...(hours < LONGEST ? ['a longer time'] : []),
    `${until === undefined ? 'an earlier' : 'another'} “until”`,
    ...(name === '' ? [] : ['another room']),
  ];
  const none = `No room ${name === '' ? '' : `called ${name} `}was open in ${timeWords(asked)}.`;
  const make = until === undefined ? ' A call that you make now is recorded by itself.' : '';
  return `${none} Choose ${either.format(changes)}.${make}`;
}

/** What one can change where there is too much for one list: the rest of a sentence that ends in "choose". */
export const fewerWords = ({ hours, name }: Search): string =>
  either.format([
    ...(hours > SHORTEST ? ['a shorter time'] : []),
    'an earlier “until”',
    ...(name === '' ? ['a room'] : []),
  ]);
