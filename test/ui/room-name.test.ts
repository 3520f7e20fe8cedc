import t from '../support/tap.ts';
import { isRoomName, PATTERN, randomRoomName, roomNameIn } from '../../client/ui/state/room-name.ts';
import { RoomName } from '../../server/protocol/model.ts';

t.test('the page knows rooms’ names by the protocol’s own pattern', (t) => {
  t.has(RoomName, { pattern: PATTERN.source });
  t.ok(isRoomName(randomRoomName()), 'and makes such names');
  t.end();
});

t.test('a room’s name is found in its link', (t) => {
  t.equal(roomNameIn('https://calls.example/r/amber-otter-4821?x=1'), 'amber-otter-4821');
  t.equal(roomNameIn(' tea '), 'tea');
  t.equal(roomNameIn('not a room'), undefined);
  t.end();
});
