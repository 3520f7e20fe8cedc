import type { Columns, Timeline, TimelineEvent, TimelineParticipant } from './answers.ts';
import { lowerBound } from './lower-bound.ts';

/** Adds what a later question, of the same step, knows: from its first step on it alone counts. */
export function withTail(known: Timeline, tail: Timeline): Timeline {
  const [begins = Infinity] = tail.time;
  const kept = lowerBound(known.time, begins);
  const later = new Map(tail.participants.map((one) => [one.participantId, one]));
  const participants = known.participants.map((one) => {
    const more = later.get(one.participantId);
    later.delete(one.participantId);
    return { ...(more ?? one), fields: joined(one.fields, kept, more?.fields ?? {}, tail.time.length) };
  });
  const newcomers = [...later.values()].map((one): TimelineParticipant => ({
    ...one,
    fields: joined({}, kept, one.fields, tail.time.length),
  }));
  const before = known.events.filter(({ at }) => Date.parse(at) < begins * 1000);
  return {
    ...tail,
    from: known.from,
    time: [...known.time.slice(0, kept), ...tail.time],
    participants: [...participants, ...newcomers],
    events: [...before, ...changesAfter(before, tail.events)],
    isComplete: known.isComplete && tail.isComplete,
  };
}

/** A part with everybody who is in the whole, in its order: nothing is known of those who were away. */
export function withEverybody(part: Timeline, whole: Timeline): Timeline {
  const there = new Map(part.participants.map((one) => [one.participantId, one]));
  const participants = whole.participants.map((one) => {
    const inPart = there.get(one.participantId);
    there.delete(one.participantId);
    return inPart ?? { ...one, fields: {} };
  });
  return { ...part, participants: [...participants, ...there.values()] };
}

function joined(before: Columns, kept: number, after: Columns, added: number): Columns {
  const names = [...new Set([...Object.keys(before), ...Object.keys(after)])];
  return Object.fromEntries(
    names.map((name) => [
      name,
      [...(before[name]?.slice(0, kept) ?? nothing(kept)), ...(after[name] ?? nothing(added))],
    ]),
  );
}

const nothing = (length: number): null[] => new Array<null>(length).fill(null);

/** Of a call that goes on, without the last step: it is not over, and what is known of it says little. */
export function withoutUnfinished(timeline: Timeline): Timeline {
  const { endedAt, time, participants, from } = timeline;
  const last = time.at(-1);
  if (endedAt !== undefined || last === undefined || last * 1000 <= Date.parse(from)) return timeline;
  return {
    ...timeline,
    to: new Date(last * 1000).toISOString(),
    time: time.slice(0, -1),
    participants: participants.map((one) => ({
      ...one,
      fields: Object.fromEntries(
        Object.entries(one.fields).map(([name, values]) => [name, values?.slice(0, -1)]),
      ),
    })),
  };
}

/** Ways and layers that an answer begins with are no changes where they were the same before. */
function changesAfter(before: readonly TimelineEvent[], events: readonly TimelineEvent[]): TimelineEvent[] {
  const states = new Map<string, string>();
  for (const event of before) states.set(...stateOf(event));
  return events.filter((event) => {
    const [what, state] = stateOf(event);
    const changed = states.get(what) !== state;
    states.set(what, state);
    return changed;
  });
}

function stateOf(event: TimelineEvent): [what: string, state: string] {
  switch (event.type) {
    case 'path':
      return [event.transportId, `${event.protocol} ${event.candidateType ?? ''}`];
    case 'layers':
      return [event.trackId, `${event.spatialLayer} ${event.temporalLayer}`];
    case 'joined':
    case 'left':
      return [`${event.participantId} ${event.type}`, event.at];
  }
}
