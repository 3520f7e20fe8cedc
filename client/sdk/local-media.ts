import { MediaError, type MediaProblem } from './errors.ts';

type Device = 'camera' | 'microphone';

const constraints: Record<Device, MediaStreamConstraints> = {
  camera: { video: { width: { ideal: 1280 }, height: { ideal: 720 }, frameRate: { ideal: 30 } } },
  microphone: { audio: { echoCancellation: true, noiseSuppression: true, autoGainControl: true } },
};

/** Why a device cannot be opened. */
type Failure = Exclude<MediaProblem, 'ended'>;

const sentences: Record<Failure, (device: Device) => string> = {
  refused: (device) => `The browser may not use the ${device}. Allow it in the address bar, then try again.`,
  missing: (device) => `There is no ${device}. Connect one, then try again.`,
  busy: (device) => `The ${device} is in use by another program. Close that, then try again.`,
  insecure: (device) => `The ${device} can only be used on a page opened by https or on localhost.`,
  unsupported: (device) => `This browser cannot use a ${device}.`,
  failed: (device) => `The ${device} did not start.`,
};

/**
 * The track of a camera (1280 x 720 where it can) or a microphone.
 *
 * @throws {MediaError} saying what is wrong and what to do.
 * @see https://www.w3.org/TR/mediacapture-streams/#dom-mediadevices-getusermedia
 */
export async function openDevice(device: Device): Promise<MediaStreamTrack> {
  // Not there on insecure pages and in old browsers, whatever the types say.
  const devices = navigator.mediaDevices as MediaDevices | undefined;
  if (!devices) throw mediaError(window.isSecureContext ? 'unsupported' : 'insecure', device);
  try {
    const [track] = (await devices.getUserMedia(constraints[device])).getTracks();
    if (track) return track;
  } catch (error) {
    throw mediaError(problemOf(error), device, error);
  }
  throw mediaError('missing', device);
}

function problemOf(error: unknown): Failure {
  if (!(error instanceof DOMException)) return 'failed';
  switch (error.name) {
    case 'NotAllowedError':
    case 'SecurityError':
      return 'refused';
    case 'NotFoundError':
    case 'OverconstrainedError':
      return 'missing';
    case 'NotReadableError':
    case 'AbortError':
      return 'busy';
    default:
      return 'failed';
  }
}

function mediaError(problem: Failure, device: Device, cause?: unknown): MediaError {
  return new MediaError(problem, sentences[problem](device), { cause });
}
