import type { types } from 'mediasoup';
import { AppError } from '../errors.ts';
import { routerRtpCapabilities } from '../media/codecs.ts';
import type { MediaKind } from '../protocol/model.ts';

/** Encodings that a track may have; for video, its simulcast layers. */
const MAX_ENCODINGS: Readonly<Record<MediaKind, number>> = { audio: 1, video: 3 };

/** MIME types of the router's codecs of a kind, RTX included, by their lower-case spelling. */
const mimeTypes = (kind: MediaKind): ReadonlyMap<string, string> =>
  new Map(
    (routerRtpCapabilities.codecs ?? [])
      .filter((codec) => codec.kind === kind)
      .map(({ mimeType }) => [mimeType.toLowerCase(), mimeType]),
  );
const known: Readonly<Record<MediaKind, ReadonlyMap<string, string>>> = {
  audio: mimeTypes('audio'),
  video: mimeTypes('video'),
};

/**
 * Checks that a track is of the kind that it claims: each codec belongs to that kind, and each encoding uses one of the codecs.
 * mediasoup does not compare kind and codecs: a video published as audio would be forwarded without a slot.
 *
 * @returns the parameters, with MIME types spelled as the router spells them. Malformed parts are left for mediasoup to refuse.
 * @throws {AppError} `bad_request` naming the codec or encoding.
 * @see https://mediasoup.org/documentation/v3/mediasoup/rtp-parameters-and-capabilities/#RtpParameters
 */
export function checkedParameters(kind: MediaKind, parameters: types.RtpParameters): types.RtpParameters {
  const { codecs, encodings } = parameters as { codecs: unknown; encodings: unknown };
  if (!Array.isArray(codecs)) return parameters;
  const checked = (codecs as unknown[]).map((codec) => checkedCodec(kind, codec));
  if (Array.isArray(encodings)) checkEncodings(kind, encodings as unknown[], checked);
  return { ...parameters, codecs: checked as types.RtpCodecParameters[] };
}

function checkedCodec(kind: MediaKind, codec: unknown): unknown {
  if (!hasMimeType(codec)) return codec;
  const mimeType = known[kind].get(codec.mimeType.toLowerCase());
  if (mimeType !== undefined) return { ...codec, mimeType };
  const accepted = [...known[kind].values()].join(' or ');
  throw new AppError(
    'bad_request',
    `Codec ${JSON.stringify(codec.mimeType.slice(0, 64))} is not for a track of kind ${kind}. Use ${accepted}.`,
  );
}

function checkEncodings(kind: MediaKind, encodings: unknown[], codecs: unknown[]): void {
  const most = MAX_ENCODINGS[kind];
  if (encodings.length > most) {
    throw new AppError(
      'bad_request',
      `A track of kind ${kind} has ${most} encodings at most, not ${encodings.length}.`,
      { limit: most },
    );
  }
  const payloadTypes = new Set(
    codecs.map((codec) => (codec as { payloadType?: unknown } | null)?.payloadType),
  );
  for (const encoding of encodings) {
    const { codecPayloadType } = (encoding ?? {}) as { codecPayloadType?: unknown };
    if (codecPayloadType !== undefined && !payloadTypes.has(codecPayloadType)) {
      throw new AppError(
        'bad_request',
        `No codec of the track has payload type ${JSON.stringify(codecPayloadType)}.`,
      );
    }
  }
}

function hasMimeType(codec: unknown): codec is { mimeType: string } {
  return (
    typeof codec === 'object' && codec !== null && 'mimeType' in codec && typeof codec.mimeType === 'string'
  );
}

/** Whether a track carries only audio, judged by its codecs rather than by its kind. */
export const isSound = ({ codecs }: types.RtpParameters): boolean =>
  codecs.length > 0 && codecs.every(({ mimeType }) => known.audio.has(mimeType.toLowerCase()));
