import type { Page } from 'playwright-core';

/** What the script in the page gives to the test. */
interface Voice {
  /** Speaks for so long after so long, both in ms. @returns when that begins, in ms since 1970. */
  speak(ms: number, after: number): Promise<number>;
  /** Falls silent. */
  hush(): void;
}

/**
 * Gives a page a microphone of which the test decides when it speaks; else it is exactly silent. Its camera is the
 * browser's own, but a small one, so that six of them leave time for what is tested. To be called before the page is
 * opened.
 *
 * @param pitch Of the voice, in Hz.
 */
export async function giveVoice(page: Page, pitch: number): Promise<void> {
  await page.addInitScript((pitch) => {
    // Nobody listens at this end of it: it needs no device.
    const context = new AudioContext({ sinkId: { type: 'none' } } as AudioContextOptions);
    const microphone = context.createMediaStreamDestination();
    const throat = context.createGain();
    throat.connect(microphone);

    // A buzz with overtones, through a mouth that opens and shuts some four times in a second, now more, now less.
    const syllable = 0.2 + 10 / pitch;
    const speech = context.createBuffer(1, context.sampleRate * 4, context.sampleRate);
    const samples = speech.getChannelData(0);
    for (let index = 0; index < samples.length; index += 1) {
      const seconds = index / context.sampleRate;
      const buzz = ((seconds * pitch) % 1) - 0.5 + (Math.random() - 0.5) / 4;
      const stress = 0.6 + 0.4 * Math.sin(seconds * (4 + pitch / 100));
      const open = Math.max(0, Math.sin((2 * Math.PI * seconds) / syllable) + 0.5);
      samples[index] = (buzz * stress * open) / 2;
    }
    const sources = new Set<AudioBufferSourceNode>();
    const voice: Voice = {
      async speak(ms, after) {
        await context.resume();
        const source = context.createBufferSource();
        source.buffer = speech;
        source.loop = true;
        source.connect(throat);
        const begin = context.currentTime + after / 1_000;
        source.start(begin);
        source.stop(begin + ms / 1_000);
        sources.add(source);
        source.onended = () => sources.delete(source);
        return Date.now() + after;
      },
      hush() {
        for (const source of sources) source.stop();
      },
    };
    Object.assign(window, { voice });

    const devices = navigator.mediaDevices;
    const getUserMedia = devices.getUserMedia.bind(devices);
    devices.getUserMedia = async (constraints) =>
      constraints?.audio
        ? microphone.stream.clone()
        : getUserMedia({ video: { width: 320, height: 180, frameRate: 10 } });
  }, pitch);
}

/**
 * Somebody speaks.
 *
 * @param ms For so long.
 * @param after So long from now, in ms.
 * @returns when that begins, in ms since 1970.
 */
export const speak = (page: Page, ms: number, after = 0): Promise<number> =>
  page.evaluate(({ ms, after }) => (window as unknown as { voice: Voice }).voice.speak(ms, after), {
    ms,
    after,
  });

/** Whoever speaks falls silent. */
export const hush = (page: Page): Promise<void> =>
  page.evaluate(() => (window as unknown as { voice: Voice }).voice.hush());
