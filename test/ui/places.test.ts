import t from '../support/tap.ts';
import { placesOf } from '../../client/ui/state/places.ts';
import type { Stream } from '../../server/protocol/model.ts';

const stream = (publisherName: string, where: Stream['where'], roomName = 'tea'): Stream => ({
  streamId: publisherName,
  roomName,
  publisherName,
  source: 'camera',
  where,
});

const said = (limit: number, streams: Stream[]) =>
  placesOf({ limit, streams }).map((place) => (place.held ? `${place.who} – ${place.where}` : 'free'));

t.test('every place says who is watched, and where', (t) => {
  t.same(
    said(4, [
      stream('Ben', 'this_tab'),
      stream('Cleo', 'other_tab'),
      stream('Dan', 'other_room', 'coffee'),
      stream('Eve', 'other_device'),
    ]),
    ['Ben – this tab', 'Cleo – another tab', 'Dan – another room (coffee)', 'Eve – another device (tea)'],
  );
  t.end();
});

t.test('free places come last, and a screen is said to be one', (t) => {
  t.same(said(3, [{ ...stream('Ben', 'this_tab'), source: 'screen_share' }]), [
    'Ben’s screen – this tab',
    'free',
    'free',
  ]);
  t.same(said(0, []), []);
  t.same(placesOf(undefined), [], 'none before the server has said how many there are');
  t.end();
});
