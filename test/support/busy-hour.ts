import type { Pool } from 'pg';
import type { Figures } from '../../server/stats/sample.ts';
import { RecordedCall, type Person } from './recorded-call.ts';
import { trackOf } from './samples.ts';

const HOUR = 3_600;
/** Time between two samples, in seconds. */
const EVERY = 5;
/** Until it takes another layer, in seconds. */
const LAYERS_FOR = 240;

const names = ['Ada', 'Ben', 'Cléo', 'Dmitri', 'Elif', 'Femi', 'Grace', 'Hana', 'Ines', 'Jonas'];

/** Whose way is bad, how, and when, in seconds: as in a call that somebody complains about. */
const troubles = [
  { person: 1, direction: 'send', ratio: 0.09, from: 600, until: 1_080 },
  { person: 3, direction: 'recv', ratio: 0.05, from: 1_500, until: 2_700 },
] as const;

/** An hour of a call in which everybody sends and receives, some with trouble, as it would have been recorded. */
export async function busyHour(
  pool: Pool,
  room: string,
  people: number,
  { step = EVERY } = {},
): Promise<RecordedCall> {
  const call = await RecordedCall.begin(pool, room, 0, HOUR);
  for (let n = 0; n < people; n++) {
    const name = names[n % names.length] ?? '';
    const [from, until] = [n % 4 === 0 ? 0 : (n * 37) % 300, n % 7 === 5 ? HOUR - 700 : HOUR];
    const person = await call.join(n < names.length ? name : `${name} ${n}`, from, until);
    measure(call, person, n, { from, until, every: step });
    // Written as it goes: an hour of fifty is much at once.
    await call.write();
  }
  return call;
}

function measure(
  call: RecordedCall,
  person: Person,
  n: number,
  period: { from: number; until: number; every: number },
): void {
  const { from, every } = period;
  const lossOf = (direction: 'send' | 'recv', at: number) =>
    troubles.find(
      (one) => one.person === n && one.direction === direction && at >= one.from && at < one.until,
    )?.ratio ?? 0.001;
  const path = {
    protocol: n % 6 === 4 ? 'tcp' : 'udp',
    candidateType: n % 5 === 2 ? 'relay' : 'host',
  } as const;
  const both = (direction: 'send' | 'recv', kbps: number) => (index: number) => {
    const at = from + index * every;
    const lost = lossOf(direction, at);
    const wave = 1 + 0.18 * Math.sin(at / 90 + n) + 0.07 * Math.sin(at / 11 + 3 * n);
    return carried(direction, kbps * 1000 * wave * (1 - 3 * lost) * (every / 8), lost, every);
  };
  call.measure(person, 'send', { ...period, ...path }, both('send', 900 + (n % 5) * 150));
  call.measure(person, 'recv', { ...period, ...path }, both('recv', 1_900 + (n % 4) * 260));
  const seen = (index: number): Figures => {
    const lost = lossOf('recv', from + index * every);
    const still = lost > 0.02 && index % 6 === 0;
    return {
      downFps: lost > 0.02 ? 16 : 26,
      downFrameHeight: 360,
      freezes: still ? 1 : 0,
      freezeMs: still ? 900 : 0,
    };
  };
  call.measure(person, 'recv', { ...period, ...path, reporter: 'browser' }, seen);
  const track = trackOf();
  for (let at = from; at < period.until; at += LAYERS_FOR) {
    const spatialLayer = (Math.floor(at / LAYERS_FOR) + n) % 3;
    call.measure(
      person,
      'recv',
      {
        from: at,
        until: Math.min(at + LAYERS_FOR, period.until),
        every: LAYERS_FOR,
        track,
        spatialLayer,
        temporalLayer: 2,
      },
      { downBytes: 1_000 },
    );
  }
}

function carried(direction: 'send' | 'recv', bytes: number, lost: number, seconds: number): Figures {
  const [packets, sounds] = [Math.round(bytes / 900), 50 * seconds];
  const rttMs = 42;
  const [losses, soundsLost] = [Math.round(packets * lost), Math.round(sounds * lost)];
  return direction === 'send'
    ? {
        upBytes: Math.round(bytes),
        upPackets: packets,
        upPacketsLost: losses,
        upAudioPackets: sounds,
        upAudioPacketsLost: soundsLost,
        upJitterMs: 4,
        rttMs,
      }
    : {
        downBytes: Math.round(bytes),
        downPackets: packets,
        downPacketsLost: losses,
        downAudioPackets: sounds,
        downAudioPacketsLost: soundsLost,
        downJitterMs: 5,
        rttMs,
      };
}
