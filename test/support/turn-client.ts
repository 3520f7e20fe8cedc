import { createHash, createHmac, randomBytes } from 'node:crypto';
import { createSocket, type Socket } from 'node:dgram';
import { EventEmitter, once } from 'node:events';
import { isIPv4, isIPv6, SocketAddress } from 'node:net';
import type { Test } from 'tap';

export interface Endpoint {
  address: string;
  port: number;
}

/** What a server answered: `relayed` comes with an allocation; `code` and `reason` are its ERROR-CODE. */
export type Answer = { ok: true; relayed?: Endpoint } | { ok: false; code: number; reason: string };

interface Message {
  type: number;
  /** In hexadecimal. */
  transaction: string;
  attributes: Map<number, Buffer>;
}

/** An endpoint stands for its XORed form, which depends on the transaction. */
type Attribute = readonly [type: number, value: Buffer | Endpoint];

interface Session {
  username: string;
  realm: Buffer;
  nonce: Buffer;
  key: Buffer;
}

const COOKIE = Buffer.from('2112a442', 'hex');
const HEADER_BYTES = 20;
const INTEGRITY_BYTES = 24;

const METHOD = {
  binding: 0x001,
  allocate: 0x003,
  send: 0x006,
  data: 0x007,
  createPermission: 0x008,
  channelBind: 0x009,
};
const INDICATION = 0x010;
const SUCCESS = 0x100;
const ERROR = 0x110;

const ATTRIBUTE = {
  username: 0x0006,
  messageIntegrity: 0x0008,
  errorCode: 0x0009,
  channelNumber: 0x000c,
  peerAddress: 0x0012,
  data: 0x0013,
  realm: 0x0014,
  nonce: 0x0015,
  relayedAddress: 0x0016,
  requestedFamily: 0x0017,
  requestedTransport: 0x0019,
};

const FAMILY = { IPv4: 1, IPv6: 2 };
const UDP = 17;
const FIRST_CHANNEL = 0x4000;

const UNAUTHORIZED = 401;
const STALE_NONCE = 438;

/** ms from one transmission to the next, then to giving up. RFC 8489 starts at 500: this server is near. */
const RETRANSMISSION_MS = [100, 200, 400, 800, 1_600, 1_900];
const DATA_MS = 5_000;

/** A TURN client over UDP (RFC 8656), which holds one allocation at most and refreshes nothing. */
export class TurnClient {
  readonly #socket: Socket;
  readonly #server: Endpoint;
  readonly #pending = new Map<string, (answer: Message) => void>();
  readonly #arrivals = new EventEmitter();
  readonly #data: Buffer[] = [];
  #session: Session | undefined;
  #nextChannel = FIRST_CHANNEL;

  private constructor(socket: Socket, server: Endpoint) {
    this.#socket = socket;
    this.#server = server;
    socket.on('message', (packet) => this.#receive(packet));
  }

  /** Opens a socket and sends nothing yet. `server.address` is an IP address. */
  static async open(t: Pick<Test, 'teardown'>, server: Endpoint): Promise<TurnClient> {
    const socket = createSocket(isIPv6(server.address) ? 'udp6' : 'udp4');
    socket.bind();
    await once(socket, 'listening');
    t.teardown(() => socket.close());
    return new TurnClient(socket, server);
  }

  /** Waits until the server answers a STUN Binding. @throws Error if it does not within 5 s. */
  async reachable(): Promise<void> {
    await this.#transact(METHOD.binding, []);
  }

  /** Asks for a relayed UDP address. @throws Error, as every request does, if no answer comes within 5 s. */
  async allocate(
    credentials: { username: string; credential: string },
    family?: 'IPv4' | 'IPv6',
  ): Promise<Answer> {
    const attributes: Attribute[] = [[ATTRIBUTE.requestedTransport, Buffer.from([UDP, 0, 0, 0])]];
    if (family) attributes.push([ATTRIBUTE.requestedFamily, Buffer.from([FAMILY[family], 0, 0, 0])]);
    const challenge = await this.#transact(METHOD.allocate, attributes);
    const answer = answerOf(challenge);
    if (answer.ok || answer.code !== UNAUTHORIZED) return answer;
    const { username, credential } = credentials;
    const realm = required(challenge, ATTRIBUTE.realm);
    const nonce = required(challenge, ATTRIBUTE.nonce);
    const key = createHash('md5').update(`${username}:${realm.toString()}:${credential}`).digest();
    this.#session = { username, realm, nonce, key };
    return this.#request(METHOD.allocate, attributes);
  }

  /** CreatePermission for one IPv4 or IPv6 address. @throws Error before `allocate`. */
  permit(peer: string): Promise<Answer> {
    return this.#request(METHOD.createPermission, [[ATTRIBUTE.peerAddress, { address: peer, port: 0 }]]);
  }

  /** ChannelBind, each time with a channel number of its own. @throws Error before `allocate`. */
  bind(peer: string, port: number): Promise<Answer> {
    const number = Buffer.alloc(4);
    number.writeUInt16BE(this.#nextChannel++);
    return this.#request(METHOD.channelBind, [
      [ATTRIBUTE.channelNumber, number],
      [ATTRIBUTE.peerAddress, { address: peer, port }],
    ]);
  }

  /** A Send indication: nothing tells whether it was relayed. */
  send(peer: string, port: number, data: Buffer): void {
    const attributes: Attribute[] = [
      [ATTRIBUTE.peerAddress, { address: peer, port }],
      [ATTRIBUTE.data, data],
    ];
    this.#transmit(encode(METHOD.send | INDICATION, randomBytes(12), attributes));
  }

  /** The next datagram relayed from any peer, in order. @throws Error if none comes within 5 s. */
  async received(): Promise<Buffer> {
    const signal = AbortSignal.timeout(DATA_MS);
    for (let data = this.#data.shift(); ; data = this.#data.shift()) {
      if (data) return data;
      await once(this.#arrivals, 'data', { signal }).catch((cause: unknown) => {
        throw new Error(`nothing was relayed within ${DATA_MS} ms`, { cause });
      });
    }
  }

  /** An authenticated request, once more if its nonce has become stale. */
  async #request(method: number, attributes: readonly Attribute[]): Promise<Answer> {
    if (!this.#session) throw new Error('nothing is allocated yet');
    const message = await this.#transact(method, attributes, this.#session);
    const answer = answerOf(message);
    if (answer.ok || answer.code !== STALE_NONCE) return answer;
    this.#session = { ...this.#session, nonce: required(message, ATTRIBUTE.nonce) };
    return answerOf(await this.#transact(method, attributes, this.#session));
  }

  #transact(method: number, attributes: readonly Attribute[], session?: Session): Promise<Message> {
    const transaction = randomBytes(12);
    const packet = encode(method, transaction, attributes, session);
    const id = transaction.toString('hex');
    return new Promise((resolve, reject) => {
      let timer: NodeJS.Timeout | undefined;
      const end = () => {
        clearTimeout(timer);
        this.#pending.delete(id);
        this.#socket.off('close', fail);
      };
      const fail = () => {
        end();
        const { address, port } = this.#server;
        reject(new Error(`no answer from ${address} port ${port} to method ${method}`));
      };
      const transmit = ([wait, ...rest]: number[]) => {
        if (wait === undefined) {
          fail();
          return;
        }
        this.#transmit(packet);
        timer = setTimeout(transmit, wait, rest);
      };
      this.#pending.set(id, (answer) => {
        end();
        resolve(answer);
      });
      this.#socket.once('close', fail);
      transmit(RETRANSMISSION_MS);
    });
  }

  #transmit(packet: Buffer): void {
    this.#socket.send(packet, this.#server.port, this.#server.address);
  }

  #receive(packet: Buffer): void {
    if (isChannelData(packet)) {
      this.#arrived(packet.subarray(4, 4 + packet.readUInt16BE(2)));
      return;
    }
    const message = decode(packet);
    if (message.type === (METHOD.data | INDICATION)) this.#arrived(required(message, ATTRIBUTE.data));
    else this.#pending.get(message.transaction)?.(message);
  }

  #arrived(data: Buffer): void {
    this.#data.push(data);
    this.#arrivals.emit('data');
  }
}

function answerOf(message: Message): Answer {
  if ((message.type & ERROR) === ERROR) {
    const error = required(message, ATTRIBUTE.errorCode);
    const code = error.readUInt8(2) * 100 + error.readUInt8(3);
    // coturn counts the padding of some reasons as theirs.
    return { ok: false, code, reason: error.toString('utf8', 4).replace(/\0+$/, '') };
  }
  if ((message.type & ERROR) !== SUCCESS) throw new Error(`not an answer: type ${message.type}`);
  const relayed = message.attributes.get(ATTRIBUTE.relayedAddress);
  return relayed ? { ok: true, relayed: fromXored(relayed, message.transaction) } : { ok: true };
}

function required(message: Message, type: number): Buffer {
  const value = message.attributes.get(type);
  if (!value) throw new Error(`a message of type ${message.type} has no attribute ${type}`);
  return value;
}

function encode(
  type: number,
  transaction: Buffer,
  attributes: readonly Attribute[],
  session?: Session,
): Buffer {
  const identity: Attribute[] = session
    ? [
        [ATTRIBUTE.username, Buffer.from(session.username)],
        [ATTRIBUTE.realm, session.realm],
        [ATTRIBUTE.nonce, session.nonce],
      ]
    : [];
  const body = [...attributes, ...identity].map(([name, value]) =>
    encodeAttribute(name, Buffer.isBuffer(value) ? value : toXored(value, transaction)),
  );
  const header = Buffer.alloc(4);
  header.writeUInt16BE(type);
  const bodyBytes = body.reduce((sum, { length }) => sum + length, 0);
  header.writeUInt16BE(bodyBytes + (session ? INTEGRITY_BYTES : 0), 2);
  const message = Buffer.concat([header, COOKIE, transaction, ...body]);
  if (!session) return message;
  const integrity = createHmac('sha1', session.key).update(message).digest();
  return Buffer.concat([message, encodeAttribute(ATTRIBUTE.messageIntegrity, integrity)]);
}

function encodeAttribute(type: number, value: Buffer): Buffer {
  const attribute = Buffer.alloc(4 + padded(value.length));
  attribute.writeUInt16BE(type);
  attribute.writeUInt16BE(value.length, 2);
  value.copy(attribute, 4);
  return attribute;
}

function decode(packet: Buffer): Message {
  const attributes = new Map<number, Buffer>();
  for (let at = HEADER_BYTES; at < packet.length;) {
    const length = packet.readUInt16BE(at + 2);
    attributes.set(packet.readUInt16BE(at), packet.subarray(at + 4, at + 4 + length));
    at += 4 + padded(length);
  }
  return {
    type: packet.readUInt16BE(0),
    transaction: packet.toString('hex', 8, HEADER_BYTES),
    attributes,
  };
}

/** Attributes are padded to 4 bytes. */
const padded = (length: number): number => Math.ceil(length / 4) * 4;

/** ChannelData starts with its channel number, 0x4000 to 0x4fff; a STUN message with two zero bits. */
const isChannelData = (packet: Buffer): boolean => packet.readUInt8(0) >> 4 === FIRST_CHANNEL >> 12;

function toXored({ address, port }: Endpoint, transaction: Buffer): Buffer {
  const head = Buffer.from([0, isIPv4(address) ? FAMILY.IPv4 : FAMILY.IPv6, port >> 8, port & 0xff]);
  const plain = Buffer.concat([head.subarray(2), addressBytes(address)]);
  return Buffer.concat([head.subarray(0, 2), xor(plain, transaction)]);
}

function fromXored(value: Buffer, transaction: string): Endpoint {
  const plain = xor(value.subarray(2), Buffer.from(transaction, 'hex'));
  const bytes = plain.subarray(2);
  const address =
    value.readUInt8(1) === FAMILY.IPv4
      ? bytes.join('.')
      : new SocketAddress({ address: hexGroups(bytes), family: 'ipv6' }).address;
  return { address, port: plain.readUInt16BE(0) };
}

/** @param plain a port, XORed with the cookie's start, and an address, with the cookie and transaction. */
function xor(plain: Buffer, transaction: Buffer): Buffer {
  const mask = Buffer.concat([COOKIE.subarray(0, 2), COOKIE, transaction]);
  return Buffer.from(plain.map((byte, index) => byte ^ (mask[index] ?? 0)));
}

function addressBytes(address: string): Buffer {
  if (isIPv4(address)) return Buffer.from(address.split('.').map(Number));
  if (!isIPv6(address)) throw new Error(`not an IP address: ${address}`);
  // A URL writes every IPv6 address in hexadecimal groups alone, with at most one '::'.
  const [start, end] = new URL(`http://[${address}]`).hostname.slice(1, -1).split('::').map(groups);
  const left = start ?? [];
  const right = end ?? [];
  const zeros = Array<number>(8 - left.length - right.length).fill(0);
  return Buffer.from([...left, ...zeros, ...right].flatMap((group) => [group >> 8, group & 0xff]));
}

const groups = (text: string): number[] =>
  text === '' ? [] : text.split(':').map((group) => parseInt(group, 16));

const hexGroups = (bytes: Buffer): string => (bytes.toString('hex').match(/.{4}/g) ?? []).join(':');
