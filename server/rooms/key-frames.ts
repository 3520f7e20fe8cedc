import { answered } from '../media/answered.ts';
import type { Participant } from './participant.ts';

/**
 * Requests key frames for a participant as soon as its network path carries packets again. A browser cannot decode what follows a gap, and
 * requests a key frame by itself only after 3 s without a decodable frame (`kMaxWaitForFrame` of WebRTC), and every 3 s again.
 */
export function refreshOnReturn(participant: Participant): void {
  const { transports } = participant;
  transports.on('opened', (transport, direction) => {
    if (direction === 'recv') transport.on('iceselectedtuplechange', () => requestKeyFrames(participant));
  });
  participant.on('published', ({ producer, source }) => {
    // A screen on which nothing moves sends nothing either.
    if (source !== 'camera' && source !== 'microphone') return;
    let isSilent = false;
    producer.on('score', (scores) => {
      const wasSilent = isSilent;
      isSilent = scores.every(({ score }) => score === 0);
      if (wasSilent && !isSilent) requestKeyFrames(participant);
    });
  });
}

/** Requests a key frame of every video that a participant receives. */
function requestKeyFrames({ consumers }: Participant): void {
  for (const consumer of consumers.values()) {
    if (consumer.kind !== 'video' || consumer.paused || consumer.producerPaused) continue;
    // It fails where the consumer or its worker has ended meanwhile.
    answered(consumer.requestKeyFrame()).catch(() => undefined);
  }
}
