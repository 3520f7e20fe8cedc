import { createHmac, randomBytes } from 'node:crypto';
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { crc32 } from 'node:zlib';
import type { Result } from '../../server/protocol/methods.ts';

const BINDING_REQUEST = 0x0001;
const COOKIE = 0x2112a442;
const FINGERPRINT_XOR = 0x5354554e;
const ATTRIBUTE = {
  username: 0x0006,
  messageIntegrity: 0x0008,
  priority: 0x0024,
  useCandidate: 0x0025,
  fingerprint: 0x8028,
  iceControlling: 0x802a,
};

/**
 * One ICE connectivity check by UDP, as a browser sends it: the least that a transport can carry. Resolves when the server
 * has answered it.
 *
 * @see https://www.rfc-editor.org/rfc/rfc8445#section-7.2
 */
export async function checkIce({ iceParameters, iceCandidates }: Result<'createTransport'>): Promise<void> {
  const candidate = iceCandidates.find(({ protocol }) => protocol === 'udp');
  if (!candidate) throw new Error('the transport has no candidate for UDP');
  const { usernameFragment, password } = iceParameters;
  const message = [
    attribute(ATTRIBUTE.username, Buffer.from(`${usernameFragment}:peer`)),
    attribute(ATTRIBUTE.priority, Buffer.from([0x6e, 0x7f, 0x1e, 0xff])),
    attribute(ATTRIBUTE.iceControlling, randomBytes(8)),
    attribute(ATTRIBUTE.useCandidate, Buffer.alloc(0)),
  ].reduce((whole, one) => appended(whole, one), header());
  const integrity = createHmac('sha1', password).update(lengthened(message, 24)).digest();
  const signed = appended(message, attribute(ATTRIBUTE.messageIntegrity, integrity));
  const fingerprint = Buffer.alloc(4);
  fingerprint.writeUInt32BE((crc32(lengthened(signed, 8)) ^ FINGERPRINT_XOR) >>> 0);
  const socket = createSocket('udp4');
  try {
    const frame = appended(signed, attribute(ATTRIBUTE.fingerprint, fingerprint));
    socket.send(frame, candidate.port, candidate.address);
    await once(socket, 'message', { signal: AbortSignal.timeout(5_000) });
  } finally {
    socket.close();
  }
}

function header(): Buffer {
  const bytes = Buffer.alloc(20);
  bytes.writeUInt16BE(BINDING_REQUEST, 0);
  bytes.writeUInt32BE(COOKIE, 4);
  randomBytes(12).copy(bytes, 8);
  return bytes;
}

/** In words of four bytes. */
function attribute(type: number, value: Buffer): Buffer {
  const bytes = Buffer.alloc(4 + Math.ceil(value.length / 4) * 4);
  bytes.writeUInt16BE(type, 0);
  bytes.writeUInt16BE(value.length, 2);
  value.copy(bytes, 4);
  return bytes;
}

const appended = (message: Buffer, more: Buffer): Buffer =>
  Buffer.concat([lengthened(message, more.length), more]);

/** Its header says that so many more bytes follow. */
function lengthened(message: Buffer, more: number): Buffer {
  const copy = Buffer.from(message);
  copy.writeUInt16BE(message.length - 20 + more, 2);
  return copy;
}
