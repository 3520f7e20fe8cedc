import type { types } from 'mediasoup-client';
import type { TrackSource } from '../../server/protocol/model.ts';
import type { Params } from '../../server/protocol/methods.ts';
import { isPassing, isUnreachable, SignallingError } from './errors.ts';
import { untilAgain } from './insisting.ts';
import type { Signalling } from './signalling.ts';

/** The server, as a transport reaches it. */
export interface Asking {
  request: Signalling['request'];
  /** Waits until the connection, which is broken, is back. @throws {SignallingError} where it does not come back. */
  back: () => Promise<void>;
}

/** What belongs to a producer: what it sends, and why the server does not take it. */
interface ProducerData extends types.AppData {
  source: TrackSource;
  refusal?: Error;
}

/** Passes on to the server what a transport of the browser asks of it. */
export function passOn(transport: types.Transport, asking: Asking): void {
  transport.on('connect', ({ dtlsParameters }, done, fail) => {
    connect(asking, { transportId: transport.id, dtlsParameters }).then(done, fail);
  });
  transport.on('produce', ({ kind, rtpParameters, appData }, done, fail) => {
    const data = appData as ProducerData;
    const refuse = (error: Error) => {
      data.refusal = error;
      done({ id: 'refused' });
    };
    asking
      .request('produce', { transportId: transport.id, kind, source: data.source, rtpParameters })
      .then(({ producerId }) => done({ id: producerId }), refuse)
      .catch(fail);
  });
}

/**
 * Sends a track. One that is refused is closed like any other: mediasoup-client would take a failure back while it
 * negotiates the next track, and could send nothing any more.
 *
 * @throws {SignallingError} where the server refuses it.
 */
export async function produce(
  transport: types.Transport,
  source: TrackSource,
  options: types.ProducerOptions,
): Promise<types.Producer> {
  const appData: ProducerData = { source };
  const producer = await transport.produce({ ...options, stopTracks: false, appData });
  if (!appData.refusal) return producer;
  producer.close();
  throw appData.refusal;
}

/**
 * Connects a transport. A failure would leave one that mediasoup-client can do nothing with any more, so it is asked again:
 * where no answer comes, when the connection is back; where the server refuses it for now, after a while.
 */
async function connect({ request, back }: Asking, params: Params<'connectTransport'>): Promise<void> {
  for (let failures = 1; ; failures += 1) {
    try {
      await request('connectTransport', params);
      return;
    } catch (error) {
      // It is connected already: only the answer was lost.
      if (failures > 1 && error instanceof SignallingError && error.code === 'bad_request') return;
      if (isPassing(error)) await untilAgain(failures, error);
      else if (isUnreachable(error)) await back();
      else throw error;
    }
  }
}
