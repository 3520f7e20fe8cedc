import { computed, effect, signal, type ReadonlySignal } from '@preact/signals';
import { Room, SignallingError } from '../../sdk/index.ts';
import { dropToken, knownNameIn, tokenFor } from './access-token.ts';
import { Call, type Wishes } from './call.ts';
import { displayName } from './display-name.ts';
import { iceTransportPolicy, navigate, route } from './route.ts';

const current = signal<Call>();
const attempt = signal<{ room: string }>();
const problem = signal('');
const over = signal<CallEnd>();

/** A call that ended without one's leaving it. */
export interface CallEnd {
  room: string;
  /** Why, as a sentence. */
  why: string;
  /** One may try to come back. */
  mayJoinAgain: boolean;
}

/** The call that one is in. */
export const call: ReadonlySignal<Call | undefined> = current;
/** A room is being joined. */
export const joining: ReadonlySignal<boolean> = computed(() => attempt.value !== undefined);
/** The call that ended last, until one goes on from there. */
export const ended: ReadonlySignal<CallEnd | undefined> = over;
/** Why the room could not be joined, as a sentence. */
export const failure: ReadonlySignal<string> = problem;

/** Joins the room whose page is shown under one's display name. */
export async function join(room: string, wishes: Wishes): Promise<void> {
  const mine = { room };
  attempt.value = mine;
  problem.value = '';
  over.value = undefined;
  const token = tokenFor(room);
  try {
    const url = `${location.protocol === 'https:' ? 'wss:' : 'ws:'}//${location.host}/ws`;
    const joined = await Room.join({
      url,
      room,
      displayName: knownNameIn(room) ?? displayName.peek().trim(),
      ...(token === undefined ? {} : { token }),
      iceTransportPolicy: iceTransportPolicy(),
    });
    if (attempt.peek() === mine) enter(joined, token, wishes);
    else joined.leave();
  } catch (error) {
    if (attempt.peek() === mine) problem.value = whyOut(error, room, token);
    if (!(error instanceof SignallingError)) throw error;
  } finally {
    if (attempt.peek() === mine) attempt.value = undefined;
  }
}

/** Shows the way into the room whose call has ended. */
export function joinAgain(): void {
  over.value = undefined;
}

/** Leaves the call and goes to the lobby. */
export function leave(): void {
  navigate('/');
}

/** A call lasts as long as its room's page is shown: going back in the browser leaves it too. */
export function followRoute(): void {
  effect(() => {
    const shown = route.value.page === 'room' ? route.value.room : undefined;
    if (attempt.peek()?.room !== shown) attempt.value = undefined;
    problem.value = '';
    over.value = undefined;
    const left = current.peek();
    if (!left || left.roomName === shown) return;
    current.value = undefined;
    left.leave();
  });
}

function enter(room: Room, token: string | undefined, wishes: Wishes): void {
  const entered = new Call(room);
  room.on('stateChanged', (state) => {
    if (state !== 'left' || current.peek() !== entered) return;
    current.value = undefined;
    over.value = {
      room: room.name,
      why: entered.problem ? whyOut(entered.problem, room.name, token) : 'The room was closed.',
      mayJoinAgain: entered.problem?.code !== 'forbidden',
    };
  });
  current.value = entered;
  entered.start(wishes);
}

/** Why one is not in a room, as a sentence. What the server says of a token is for those who make them. */
function whyOut(error: unknown, room: string, token: string | undefined): string {
  if (!(error instanceof SignallingError)) return 'The room could not be joined. Try again.';
  if (error.code !== 'unauthorized' || token === undefined) return error.message;
  dropToken(room, token);
  return 'This link is no longer valid. Ask for a new one.';
}
