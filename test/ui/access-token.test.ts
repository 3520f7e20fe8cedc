import t from '../support/tap.ts';
import { dropToken, keepTokenIn, knownNameIn, nameIn, tokenFor } from '../../client/ui/state/access-token.ts';
import { anyToken, tokenOf } from '../support/tokens.ts';

t.test('the token in a room’s link is kept for that room', (t) => {
  t.ok(keepTokenIn('https://calls.example/r/tea?x=1#access_token=one.two.three'));
  t.equal(tokenFor('tea'), 'one.two.three');
  t.equal(tokenFor('coffee'), undefined);
  t.ok(keepTokenIn(' http://127.0.0.1:3000/r/tea#access_token=four.five.six '));
  t.equal(tokenFor('tea'), 'four.five.six', 'a newer link takes its place');
  for (const link of [
    'tea',
    'https://calls.example/r/tea',
    'https://calls.example/r/tea#access_token=',
    '/r/tea#x=y',
  ]) {
    t.notOk(keepTokenIn(link), link);
  }
  t.equal(tokenFor('tea'), 'four.five.six');
  t.end();
});

t.test('a token that lets nobody in is forgotten, unless there is a newer one', async (t) => {
  keepTokenIn('/r/cake#access_token=old');
  const token = await tokenOf('ada', { roomJoin: true }, 'Ada');
  keepTokenIn(`/r/cake#access_token=${token}`);
  dropToken('cake', 'old');
  t.equal(tokenFor('cake'), token);
  t.equal(knownNameIn('cake'), 'Ada');
  dropToken('cake', token);
  t.equal(tokenFor('cake'), undefined);
  t.equal(knownNameIn('cake'), undefined, 'one may choose it');
});

t.test('the name in a token is read for show, whatever is in the token', async (t) => {
  t.equal(nameIn(await tokenOf('ada', { roomJoin: true }, 'Zoë Łukasz 🦉')), 'Zoë Łukasz 🦉');
  t.equal(nameIn(await tokenOf('ada')), undefined);
  t.equal(nameIn(await anyToken({ name: 7 })), undefined);
  for (const text of ['', 'x', 'a.b.c', 'a.bnVsbA.c', 'a.!.c']) t.equal(nameIn(text), undefined, text);
});
