import { answered } from '../media/answered.ts';
import type { Participant } from './participant.ts';

/**
 * Has key frames sent to a participant as soon as its network path carries again. A browser cannot decode what follows a gap, and asks for a
 * key frame by itself only after 3 s without a picture, and every 3 s again.
 *
 * @see https://webrtc.googlesource.com/src/+/refs/heads/main/video/video_receive_stream2.h `kMaxWaitForFrame`
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

/** Asks those whom a participant watches for a picture that can be decoded without the ones before. */
export function requestKeyFrames({ consumers }: Participant): void {
  for (const consumer of consumers.values()) {
    if (consumer.kind !== 'video' || consumer.paused || consumer.producerPaused) continue;
    // It has ended meanwhile, or its worker has.
    answered(consumer.requestKeyFrame()).catch(() => undefined);
  }
}
