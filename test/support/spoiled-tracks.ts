import type { Page } from 'playwright-core';

/** What is wrong with the RTP parameters that a page is told of a track. */
export const FAULTS = {
  /** The browser refuses the session description in which this stands, and all that is added to it. */
  invalidExtension: { headerExtensions: [{ uri: 'urn:x', id: 300, encrypt: false, parameters: {} }] },
  /** mediasoup-client cannot describe it. */
  noEncoding: { encodings: [] },
  /** A payload type that the browser knows, of the other kind. */
  videoCodec: {
    codecs: [
      { mimeType: 'video/VP8', payloadType: 101, clockRate: 90_000, parameters: {}, rtcpFeedback: [] },
    ],
  },
} as const;

export type Fault = keyof typeof FAULTS;

/** What the script in the page keeps. */
interface Spoiling {
  /** Producers that the page has been told of, and what is said of each in place of what the server says. */
  seen: Map<string, object>;
  /** The same of those that it is told of from now on. */
  later: object;
}

/**
 * Spoils what a page is told of some producers, as a server with a bug would tell it, or one that takes what this browser cannot
 * receive. To be called first before the page joins.
 *
 * @param producerIds `later` for every one of which the page is told from now on.
 */
export async function spoilTracks(
  page: Page,
  producerIds: readonly string[] | 'later',
  fault: Fault,
): Promise<void> {
  await page.evaluate(
    ({ producerIds, parameters }) => {
      const owner = window as unknown as { spoiling?: Spoiling };
      const known = owner.spoiling;
      const spoiling: Spoiling = known ?? { seen: new Map(), later: {} };
      owner.spoiling = spoiling;
      if (producerIds === 'later') spoiling.later = parameters;
      else for (const producerId of producerIds) spoiling.seen.set(producerId, parameters);
      if (known) return;

      const spoil = (frame: string): string => {
        const message = JSON.parse(frame) as { data?: { producerId?: string; rtpParameters?: object } };
        const { producerId = '', rtpParameters } = message.data ?? {};
        if (!rtpParameters) return frame;
        if (!spoiling.seen.has(producerId)) spoiling.seen.set(producerId, spoiling.later);
        Object.assign(rtpParameters, spoiling.seen.get(producerId));
        return JSON.stringify(message);
      };
      const listen = Reflect.get(WebSocket.prototype, 'addEventListener') as (
        this: WebSocket,
        type: string,
        listener: (event: Event) => void,
      ) => void;
      const spoiled = function (this: WebSocket, type: string, listener: (event: Event) => void) {
        listen.call(this, type, (event) => {
          if (event instanceof MessageEvent)
            listener(new MessageEvent('message', { data: spoil(String(event.data)) }));
          else listener(event);
        });
      };
      Object.assign(WebSocket.prototype, { addEventListener: spoiled });
    },
    { producerIds, parameters: FAULTS[fault] },
  );
}
