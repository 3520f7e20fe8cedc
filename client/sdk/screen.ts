import { MediaError, type MediaProblem } from './errors.ts';

/** A screen, a window or a tab that is shared, and its sound where the browser gives it. */
export interface ScreenTracks {
  video: MediaStreamTrack;
  audio: MediaStreamTrack | undefined;
}

/** Hints that not every browser knows, nor TypeScript. @see https://www.w3.org/TR/screen-capture/#displaymediastreamoptions */
interface DisplayOptions extends DisplayMediaStreamOptions {
  audio: MediaTrackConstraints & { restrictOwnAudio: boolean };
  selfBrowserSurface: 'exclude';
  surfaceSwitching: 'include';
  systemAudio: 'include' | 'exclude';
}

const sentences: Partial<Record<MediaProblem, string>> = {
  refused: 'The system does not let the browser record the screen. Allow it in its settings, then try again.',
  busy: 'The screen cannot be recorded at present. Close what else records it, then try again.',
  insecure: 'A screen can only be shared from a page opened by https or on localhost.',
  unsupported: 'This browser cannot share a screen.',
};

/** False where there is no way to share one, as on telephones. */
export function canShareScreen(): boolean {
  // Not there on insecure pages and in some browsers, whatever the types say.
  const devices = navigator.mediaDevices as MediaDevices | undefined;
  return !window.isSecureContext || (devices !== undefined && 'getDisplayMedia' in devices);
}

/**
 * Asks which screen, window or tab is to be shared; to be called from a click. Its picture is 1920 x 1080 at most and
 * kept sharp rather than smooth; its sound is not processed.
 *
 * @returns undefined where the user chose none.
 * @throws {MediaError} saying what is wrong and what to do.
 * @see https://www.w3.org/TR/screen-capture/#dom-mediadevices-getdisplaymedia
 */
export async function openScreen(): Promise<ScreenTracks | undefined> {
  if (!window.isSecureContext) throw mediaError('insecure');
  if (!canShareScreen()) throw mediaError('unsupported');
  try {
    const stream = await navigator.mediaDevices.getDisplayMedia(options());
    const [video] = stream.getVideoTracks();
    const [audio] = stream.getAudioTracks();
    if (!video) throw mediaError('failed');
    video.contentHint = 'detail';
    if (audio) audio.contentHint = 'music';
    return { video, audio };
  } catch (error) {
    if (error instanceof MediaError) throw error;
    if (isCancelled(error)) return undefined;
    throw mediaError(problemOf(error), error);
  }
}

function options(): DisplayOptions {
  const known: MediaTrackSupportedConstraints & { restrictOwnAudio?: boolean } =
    navigator.mediaDevices.getSupportedConstraints();
  return {
    video: {
      width: { ideal: 1920 },
      height: { ideal: 1080 },
      frameRate: { ideal: 15, max: 30 },
    },
    audio: {
      echoCancellation: false,
      noiseSuppression: false,
      autoGainControl: false,
      channelCount: { ideal: 2 },
      restrictOwnAudio: true,
    },
    selfBrowserSurface: 'exclude',
    surfaceSwitching: 'include',
    // The system's sound has the voices of the call in it: without leaving them out, everybody would hear themselves.
    systemAudio: known.restrictOwnAudio ? 'include' : 'exclude',
  };
}

/** Browsers say it of a user and of a system that refuse; only some tell the system's refusal apart, by the text. */
function isCancelled(error: unknown): boolean {
  if (!(error instanceof DOMException)) return false;
  return error.name === 'NotAllowedError' && !/system|polic/i.test(error.message);
}

function problemOf(error: unknown): MediaProblem {
  if (!(error instanceof DOMException)) return 'failed';
  if (error.name === 'NotAllowedError') return 'refused';
  return error.name === 'NotReadableError' ? 'busy' : 'failed';
}

function mediaError(problem: MediaProblem, cause?: unknown): MediaError {
  return new MediaError(problem, sentences[problem] ?? 'The screen could not be shared. Try again.', {
    cause,
  });
}
