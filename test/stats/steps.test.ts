import fc from 'fast-check';
import t from '../support/tap.ts';
import { AppError } from '../../server/errors.ts';
import { POINTS_MAX, pointsOf, stepsFor, type StepRequest } from '../../server/stats/steps.ts';

const HOUR = 3_600_000;
const DAY = 24 * HOUR;
const T = Date.UTC(2026, 0, 31, 18);

const asked = (length: number, step?: number, own: Partial<StepRequest> = {}) =>
  stepsFor({
    period: { from: T, to: T + length },
    step,
    samplesSince: T - DAY,
    sampledMax: HOUR,
    ...own,
  });

t.test('the step that is used, and what it is made of', (t) => {
  for (const [length, step, used, resolution] of [
    [HOUR, 1, 1, 1],
    [HOUR, 14, 14, 1],
    [HOUR, 15, 15, 15],
    [HOUR, 16, 30, 15],
    [HOUR, 45, 45, 15],
    [HOUR, 59, 60, 60],
    [HOUR, 61, 75, 15],
    [HOUR, 120, 120, 60],
    [DAY, 3_600, 3_600, 3_600],
    [DAY, 3_601, 3_615, 15],
    [DAY, 86_400, 86_400, 3_600],
    [HOUR + 1, 1, 15, 15],
  ] as const) {
    t.match(asked(length, step), { step: used, resolution }, `${step} s of ${length} ms`);
  }
  t.match(asked(HOUR, 5, { samplesSince: T + 1 }), { step: 15, resolution: 15 }, 'samples are not kept');
  t.match(asked(HOUR, 61, { onlySamples: true, sampledMax: DAY }), { step: 61, resolution: 1 });
  t.end();
});

t.test('a sensible one where none is asked for', (t) => {
  for (const [length, step] of [
    [0, 15],
    [HOUR, 15],
    [6 * HOUR, 15],
    [DAY, 60],
    [7 * DAY, 600],
    [396 * DAY, 43_200],
    [20_000 * DAY, 86_400],
  ] as const) {
    if (length > 10_000 * DAY) t.throws(() => asked(length), { code: 'bad_request' });
    else t.match(asked(length), { step }, `${length} ms`);
  }
  t.match(asked(HOUR, undefined, { onlySamples: true, sampledMax: DAY }), { step: 5, resolution: 1 });
  t.end();
});

t.test('what is refused says what would do', (t) => {
  t.throws(() => asked(-1), { code: 'bad_request', message: /would end.*before it begins/ });
  t.throws(() => asked(30 * DAY, 15), { message: /there may be 11000 of them.* Ask for step=300,/ });
  t.throws(() => asked(30 * DAY, 255), { message: /Ask for step=300,/ }, 'too many rollups');
  t.throws(() => asked(100_000 * DAY, 3_600), { message: /steps of 3600 s.*Ask for a shorter period/ });
  t.throws(() => asked(DAY + 1, 60, { onlySamples: true, sampledMax: DAY }), { message: /at most 24 hours/ });
  t.end();
});

t.test('whatever is asked: whole steps from the epoch that hold the period, and not too many', (t) => {
  const requests = fc.record({
    period: fc.record({ from: fc.integer({ min: 0, max: T }), to: fc.integer({ min: 0, max: 2 * T }) }),
    step: fc.option(fc.integer({ min: 1, max: 86_400 }), { nil: undefined }),
    samplesSince: fc.integer({ min: 0, max: T }),
    sampledMax: fc.constantFrom(HOUR, DAY),
    onlySamples: fc.boolean(),
  });
  fc.assert(
    fc.property(requests, (request) => {
      let steps;
      try {
        steps = stepsFor(request);
      } catch (error) {
        return error instanceof AppError && error.code === 'bad_request';
      }
      const { from, to, step, resolution } = steps;
      const ms = step * 1000;
      const { period, onlySamples } = request;
      return (
        from % ms === 0 &&
        to % ms === 0 &&
        from <= period.from &&
        period.from < from + ms &&
        to >= period.to &&
        period.to > to - ms &&
        step % resolution === 0 &&
        step >= (request.step ?? 0) &&
        (onlySamples || (resolution === 1) === step < 15) &&
        pointsOf(steps) <= POINTS_MAX + 1
      );
    }),
    { numRuns: 2_000 },
  );
  t.end();
});
