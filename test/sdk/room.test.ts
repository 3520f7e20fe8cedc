import t from '../support/tap.ts';
import { SignallingError } from '../../client/sdk/errors.ts';
import { onFakePage } from '../support/fake-page.ts';
import { FakeTrack } from '../support/fake-track.ts';

t.test('joining receives every sound, and the videos that the server offers', (t) =>
  onFakePage(async (page) => {
    const { signalling } = page;
    signalling.seat('ben', 'microphone', 'camera');
    const { room } = await page.join();
    t.same(
      signalling.askedFor('consume').map(({ producerId }) => producerId),
      ['ben-microphone'],
    );
    signalling.offer('ben-camera');
    await page.pass(100);
    const ben = room.participants.get('ben');
    t.ok(ben?.publication('microphone')?.track, 'the sound plays');
    t.ok(ben?.publication('camera')?.track, 'the video plays');
    t.equal(signalling.askedFor('resumeConsumer').length, 2);
    room.leave();
  }),
);

t.test('where the answer to a join is lost, it is asked again, as the same join', (t) =>
  onFakePage(async (page) => {
    const { signalling } = page;
    signalling.lost.push('join', 'join');
    const { room } = await page.join();
    const joins = signalling.askedFor('join');
    t.equal(joins.length, 3);
    t.equal(new Set(joins.map(({ joinId }) => joinId)).size, 1);
    t.equal(room.state, 'connected');
    room.leave();
  }),
);

t.test('a join that nobody answers ends with the reason', (t) =>
  onFakePage(async (page) => {
    const { signalling } = page;
    signalling.reachable = 'no';
    await t.rejects(page.join(), { code: 'unreachable' });
    signalling.refusal = { code: 'unauthorized', detail: 'The token has expired.' };
    await t.rejects(page.join(), { code: 'unauthorized', message: 'The token has expired.' });
    t.equal(page.timers, 0, 'nothing goes on');
  }),
);

t.test('a token that never comes is given up after ten seconds', (t) =>
  onFakePage(async (page) => {
    const asked: number[] = [];
    const token = () => {
      asked.push(performance.now());
      return new Promise<string>(() => undefined);
    };
    await t.rejects(page.join({ token }), { code: 'unreachable' });
    t.equal(asked.length, 3);
    const [first = 0, second = 0] = asked;
    t.ok(second - first >= 10_000 && second - first < 12_000, `asked again after ${second - first} ms`);
    t.equal(page.signalling.sockets.length, 0);
  }),
);

t.test('a socket that breaks is opened anew, and what goes on goes on', (t) =>
  onFakePage(async (page) => {
    const { signalling } = page;
    signalling.seat('ben', 'microphone', 'camera');
    signalling.seat('cem', 'microphone');
    const { room, told } = await page.join();
    signalling.offer('ben-camera');
    await room.publish(new FakeTrack('video').asTrack, 'camera');
    await page.pass(100);
    told.length = 0;

    signalling.socket.end(1006);
    signalling.present = signalling.present.filter(({ id }) => id !== 'cem');
    signalling.seat('dia', 'microphone');
    await page.until('it is back', () => told.includes('connected'));
    await page.until('the new sound plays', () => told.includes('plays dia-microphone'));
    const changes = ['ends cem-microphone', '-cem', '+dia', 'connected', 'plays dia-microphone'];
    t.same(told, ['reconnecting', ...changes]);
    t.equal(signalling.askedFor('join').length, 1, 'it is the same place');
    t.equal(signalling.askedFor('produce').length, 1, 'the own camera is sent still');
    t.ok(room.participants.get('ben')?.publication('camera')?.track, 'the video plays still');
    room.leave();
  }),
);

t.test('coming back, both sides agree on what is sent and received', (t) =>
  onFakePage(async (page) => {
    const { signalling } = page;
    signalling.seat('ben', 'microphone', 'camera');
    const { room, told } = await page.join();
    signalling.offer('ben-camera');
    await room.publish(new FakeTrack('video').asTrack, 'camera');
    await room.publish(new FakeTrack('audio').asTrack, 'microphone');
    await page.pass(100);
    const [camera, microphone] = signalling.producers.keys();

    // The server has lost the camera and the consumers, and has two things of which the answers were lost.
    signalling.producers.delete(String(camera));
    signalling.producers.set('unheard-of', { source: 'screen_share', paused: false });
    signalling.consumers.clear();
    signalling.consumers.set('unknown', 'unheard-of');
    await room.setMuted('microphone', true);
    signalling.asked.length = 0;
    signalling.socket.end(1006);
    await page.until('it is back', () => told.at(-1) === 'plays ben-microphone');
    await page.pass(100);
    t.same(signalling.askedFor('closeProducer'), [{ producerId: 'unheard-of' }]);
    t.same(signalling.askedFor('closeConsumer'), [{ consumerId: 'unknown', again: true }]);
    t.same(signalling.askedFor('pauseProducer'), [{ producerId: microphone }]);
    t.same(
      signalling.askedFor('produce').map(({ source }) => source),
      ['camera'],
    );
    t.equal(
      room.participants.get('ben')?.publication('camera')?.track,
      undefined,
      'the server offers it again',
    );
    room.leave();
  }),
);

t.test('a place is kept through refusals that pass, and given up after 30 s', (t) =>
  onFakePage(async (page) => {
    const { signalling } = page;
    const { room, told } = await page.join();
    const [first] = signalling.askedFor('join');
    let refusals = 0;
    signalling.answers.resume = () => {
      refusals += 1;
      throw new SignallingError(refusals % 2 === 0 ? 'unavailable' : 'rate_limited', 'Not now.');
    };
    signalling.socket.end(1006);
    const took = await page.until('it joins again', () => signalling.askedFor('join').length === 2);
    t.ok(took >= 30_000 && took < 35_000, `the place was given up after ${took} ms`);
    t.ok(refusals > 10 && refusals < 60, `${refusals} tries`);
    const [, second] = signalling.askedFor('join');
    t.ok(second?.resumeToken, 'it is no further join');
    t.not(second?.joinId, first?.joinId);
    await page.until('it is in again', () => told.at(-1) === 'connected');
    room.leave();
  }),
);

t.test('where the place is gone, one joins anew with all one sends', (t) =>
  onFakePage(async (page) => {
    const { signalling } = page;
    signalling.seat('ben', 'microphone');
    const { room, told } = await page.join();
    await room.publish(new FakeTrack('video').asTrack, 'camera');
    signalling.answers.resume = () => {
      throw new SignallingError('not_found', 'There is no such place.');
    };
    told.length = 0;
    signalling.asked.length = 0;
    signalling.socket.end(1006);
    const took = await page.until('it is in again', () => told.includes('connected'));
    t.ok(took < 3_000, `in again after ${took} ms`);
    await page.pass(500);
    t.same(told, ['reconnecting', 'ends ben-microphone', 'connected', 'plays ben-microphone']);
    t.same(
      signalling.askedFor('produce').map(({ source }) => source),
      ['camera'],
    );
    room.leave();
  }),
);

t.test('a server that is away for a minute is found again', (t) =>
  onFakePage(async (page) => {
    const { signalling } = page;
    for (const reachable of ['no', 'silent'] as const) {
      const { room, told } = await page.join();
      signalling.answers.resume = () => {
        throw new SignallingError('not_found', 'There is no such place.');
      };
      signalling.reachable = reachable;
      signalling.socket.end(1006);
      await page.pass(60_000);
      t.equal(room.state, 'reconnecting');
      t.ok(room.hasConnectionProblem);
      signalling.reachable = 'yes';
      const took = await page.until('it is in again', () => told.at(-1) === 'connected');
      t.ok(took <= 15_000, `${reachable}: found ${took} ms after it is back`);
      room.leave();
    }
  }),
);

t.test('the browser’s word that there is a network again ends the wait', (t) =>
  onFakePage(async (page) => {
    const { signalling } = page;
    const { room, told } = await page.join();
    signalling.reachable = 'no';
    signalling.socket.end(1006);
    await page.pass(10_000);
    page.happen('offline');
    signalling.reachable = 'yes';
    page.happen('online');
    const took = await page.until('it is back', () => told.at(-1) === 'connected');
    t.ok(took <= 50, `back after ${took} ms`);
    room.leave();
  }),
);

t.test('a request without an answer opens the socket anew, and does not end the place', (t) =>
  onFakePage(async (page) => {
    const { signalling } = page;
    const { room, told } = await page.join();
    signalling.lost.push('produce');
    const published = room.publish(new FakeTrack('video').asTrack, 'camera');
    await page.within(15_000, published);
    await page.until('it is back', () => told.at(-1) === 'connected');
    await page.pass(100);
    t.ok(signalling.closedBy.includes(4000), 'the server is told that the place goes on');
    t.equal(signalling.askedFor('closeProducer').length, 1, 'what the lost answer was of is taken back');
    t.equal(signalling.producers.size, 1, 'the camera is sent once');
    t.not(room.local.get('camera')?.producer, undefined);
    room.leave();
  }),
);

t.test('what is published while one is out of reach is sent when one is back', (t) =>
  onFakePage(async (page) => {
    const { signalling } = page;
    const { room, told } = await page.join();
    signalling.reachable = 'no';
    signalling.socket.end(1006);
    await page.until('it is out of reach', () => told.at(-1) === 'reconnecting');
    await room.publish(new FakeTrack('audio').asTrack, 'microphone');
    t.ok(room.local.has('microphone'));
    signalling.reachable = 'yes';
    await page.until('it is back', () => signalling.producers.size === 1);
    room.leave();
  }),
);

t.test('an end that is final ends the room, and says why', (t) =>
  onFakePage(async (page) => {
    const { signalling } = page;
    const ends: Record<string, () => void> = {
      'You are out: the token was revoked.': () => signalling.socket.end(4011, 'the token was revoked'),
      'You were removed from this room.': () =>
        signalling.tell('participantLeft', { participantId: 'me', reason: 'removed' }),
      'This call was ended for everybody.': () => signalling.tell('roomClosed', { reason: 'room_closed' }),
      'The room is locked.': () => {
        signalling.answers.join = () => {
          throw new SignallingError('room_locked', 'The room is locked.');
        };
        signalling.socket.end(4010);
      },
    };
    for (const [why, end] of Object.entries(ends)) {
      const { room } = await page.join();
      const camera = new FakeTrack('video');
      await room.publish(camera.asTrack, 'camera');
      const problems: string[] = [];
      room.on('problem', (error) => problems.push(error instanceof Error ? error.message : String(error)));
      end();
      await page.until('it is left', () => room.state === 'left');
      t.match(problems, [why]);
      t.equal(camera.readyState, 'ended', `${why} The camera is off`);
      await page.pass(5_000);
      t.equal(page.timers, 0, 'nothing goes on');
    }
  }),
);

t.test('a room that the server has closed under one is joined anew at once', (t) =>
  onFakePage(async (page) => {
    const { signalling } = page;
    const { room, told } = await page.join();
    signalling.socket.end(4010);
    const took = await page.until('it is in again', () => told.at(-1) === 'connected');
    t.ok(took <= 200, `in again after ${took} ms`);
    t.equal(signalling.askedFor('resume').length, 0);
    room.leave();
  }),
);

t.test('leaving at any moment leaves nothing behind', (t) =>
  onFakePage(async (page) => {
    const { signalling } = page;
    const moments = {
      'in the call': () => page.pass(100),
      'as the socket breaks': () => signalling.socket.end(1006),
      'while it waits': async () => {
        signalling.reachable = 'no';
        signalling.socket.end(1006);
        await page.pass(5_000);
      },
      'while nobody answers': async () => {
        signalling.reachable = 'silent';
        signalling.socket.end(1006);
        await page.pass(2_000);
      },
      'while it joins again': async () => {
        signalling.socket.end(4010);
        await page.pass(0);
      },
    };
    for (const [moment, comes] of Object.entries(moments)) {
      signalling.reachable = 'yes';
      const { room } = await page.join();
      const camera = new FakeTrack('video');
      await room.publish(camera.asTrack, 'camera');
      await comes();
      room.leave();
      signalling.reachable = 'yes';
      await page.pass(20_000);
      t.equal(page.timers, 0, `${moment}: no timer`);
      t.ok(
        signalling.sockets.every(({ readyState }) => readyState === 3),
        `${moment}: no socket`,
      );
      t.equal(camera.readyState, 'ended', `${moment}: no camera`);
      t.equal(room.state, 'left');
    }
  }),
);

t.test('a page that is left keeps its seat for the next one in the tab, and for no other room', (t) =>
  onFakePage(async (page) => {
    const { signalling } = page;
    const { room } = await page.join();
    page.happen('pagehide');
    await page.pass(50);
    t.equal(signalling.askedFor('away').length, 1);
    signalling.socket.end(1006);
    room.leave();
    const other = await page.join({ room: 'other' });
    t.equal(signalling.askedFor('join').at(-1)?.resumeToken, undefined);
    other.room.leave();
  }),
);

t.test('a page that comes back from the browser’s cache looks whether it is in the call still', (t) =>
  onFakePage(async (page) => {
    const { signalling } = page;
    const { room, told } = await page.join();
    page.happen('pagehide');
    page.happen('pageshow');
    await page.pass(100);
    t.equal(signalling.askedFor('ping').length, 1, 'its socket is alive: it asks for a sign of life');
    t.equal(room.state, 'connected');

    page.happen('pagehide');
    signalling.socket.end(1006);
    page.happen('pageshow');
    await page.until('it is back', () => told.at(-1) === 'connected');
    t.equal(signalling.askedFor('resume').length, 1, 'its socket was closed: it comes back');
    room.leave();
  }),
);

t.test('a camera that is unplugged is withdrawn, also while one is out of reach', (t) =>
  onFakePage(async (page) => {
    const { signalling } = page;
    const { room, told } = await page.join();
    const first = new FakeTrack('video');
    await room.publish(first.asTrack, 'camera');
    first.end();
    await page.pass(100);
    t.equal(signalling.producers.size, 0);

    const second = new FakeTrack('video');
    await room.publish(second.asTrack, 'camera');
    signalling.reachable = 'no';
    signalling.socket.end(1006);
    await page.pass(1_000);
    second.end();
    signalling.reachable = 'yes';
    await page.until('it is back', () => told.at(-1) === 'connected');
    await page.pass(100);
    t.equal(signalling.producers.size, 0);
    t.same(
      told.filter((one) => one.startsWith('stopped')),
      ['stopped camera', 'stopped camera'],
    );
    room.leave();
  }),
);

t.test('a sound that is about to play as the socket breaks plays when it is back', (t) =>
  onFakePage(async (page) => {
    const { signalling } = page;
    const { room, told } = await page.join();
    signalling.lost.push('connectTransport');
    signalling.seat('ben', 'microphone');
    const took = await page.until('it plays', () => told.includes('plays ben-microphone'));
    t.ok(took < 11_000, `it plays after ${took} ms: as soon as the socket is known to be broken`);
    t.equal(signalling.askedFor('consume').length, 1);
    t.equal(signalling.askedFor('closeConsumer').length, 0);
    room.leave();
  }),
);

t.test('what the server has to learn of one’s own tracks it is told until it takes it', (t) =>
  onFakePage(async (page) => {
    const { signalling } = page;
    const { room } = await page.join();
    await room.publish(new FakeTrack('audio').asTrack, 'microphone');
    await room.publish(new FakeTrack('video').asTrack, 'camera');
    for (const code of ['rate_limited', 'unavailable', 'rate_limited'] as const) {
      signalling.refused.push({ method: 'pauseProducer', code }, { method: 'closeProducer', code });
    }
    await room.setMuted('microphone', true);
    await room.unpublish('camera');
    await page.until('it has learnt it', () => signalling.producers.size === 1, 10_000);
    await page.until('it knows who is muted', () =>
      [...signalling.producers.values()].every(({ paused }) => paused),
    );

    signalling.refused.push({ method: 'pauseProducer', code: 'unavailable' });
    await room.setMuted('microphone', false);
    await room.setMuted('microphone', true);
    await room.setMuted('microphone', false);
    await page.pass(20_000);
    t.same(
      [...signalling.producers.values()],
      [{ source: 'microphone', paused: false }],
      'the last word holds',
    );
    room.leave();
  }),
);

t.test('a transport that the server refuses to connect for now is connected later', (t) =>
  onFakePage(async (page) => {
    const { signalling } = page;
    signalling.seat('ben', 'microphone');
    signalling.refused.push({ method: 'connectTransport', code: 'rate_limited' });
    const { room, told } = await page.join();
    await page.until('the sound plays', () => told.includes('plays ben-microphone'));
    t.equal(signalling.askedFor('consume').length, 1);
    room.leave();
  }),
);

t.test('what the server forwards in vain is given back, also where it refuses that for now', () =>
  onFakePage(async (page) => {
    const { signalling } = page;
    signalling.seat('ben', 'microphone');
    const { room } = await page.join();
    signalling.consumers.set('unknown', 'unheard-of');
    for (const code of ['unavailable', 'rate_limited', 'unavailable'] as const)
      signalling.refused.push({ method: 'closeConsumer', code });
    signalling.socket.end(1006);
    await page.until('it is given back', () => !signalling.consumers.has('unknown'), 10_000);
    room.leave();
  }),
);

t.test(
  'where nothing comes though the server answers, the connections are made anew in the same place',
  (t) =>
    onFakePage(async (page) => {
      const { signalling } = page;
      signalling.seat('ben', 'microphone');
      const { room, told } = await page.join();
      await room.publish(new FakeTrack('audio').asTrack, 'microphone');
      await page.pass(1_000);
      const [place] = signalling.askedFor('join');
      page.isFlowing = false;
      const noticed = await page.until('the problem is told', () => room.hasConnectionProblem);
      const begun = await page.until('it begins anew', () => signalling.askedFor('join').length === 2);
      t.ok(noticed <= 3_000 && noticed + begun <= 4_000, `told after ${noticed} ms, anew ${begun} ms later`);
      t.ok(signalling.askedFor('restartIce').length > 0, 'another path was looked for first');
      t.ok(signalling.askedFor('join')[1]?.resumeToken, 'it is no further join');
      t.ok(place && signalling.closedBy.includes(4000), 'the server is told that the place goes on');
      await page.pass(30_000);
      t.equal(signalling.askedFor('join').length, 2, 'where that does not help either, not again and again');
      page.isFlowing = true;
      await page.until('all is well', () => !room.hasConnectionProblem);
      t.equal(told.filter((one) => one === '-ben').length, 0, 'nobody has left');
      room.leave();
    }),
);

t.test('where the server does not answer either, one comes back first', (t) =>
  onFakePage(async (page) => {
    const { signalling } = page;
    signalling.seat('ben', 'microphone');
    const { room } = await page.join();
    await room.publish(new FakeTrack('audio').asTrack, 'microphone');
    await page.pass(1_000);
    page.isFlowing = false;
    signalling.reachable = 'silent';
    await page.pass(10_000);
    signalling.reachable = 'yes';
    page.isFlowing = true;
    await page.until('all is well', () => !room.hasConnectionProblem);
    t.equal(signalling.askedFor('join').length, 1);
    t.equal(signalling.askedFor('resume').length, 1);
    room.leave();
  }),
);
