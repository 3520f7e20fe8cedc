import type { Test } from 'tap';
import type { TestServer } from './server.ts';
import { Peer, type JoinedPeer } from './peer.ts';
import { vp8 } from './rtp.ts';

/** Publishes a camera. @returns the id of its producer. */
export async function camera(peer: JoinedPeer): Promise<string> {
  const { producerId } = await peer.request('produce', {
    transportId: peer.send.id,
    kind: 'video',
    source: 'camera',
    rtpParameters: vp8(),
  });
  return producerId;
}

/** Somebody in a room who publishes a camera. @returns the id of its producer. */
export async function publisher(t: Test, url: string, room: string): Promise<string> {
  return camera(await Peer.inRoom(t, url, room));
}

/** The slots that are held in Postgres, and the consumers that the workers say they run, once nothing moves. */
export async function counts({ database, workers, streams }: TestServer) {
  await streams.settled();
  const { rows } = await database.pool.query<{ count: number }>(
    'SELECT count(*)::int FROM slots WHERE stream_id IS NOT NULL',
  );
  return { slots: rows[0]?.count ?? -1, forwarded: (await workers.forwarded()).size };
}

/** As many slots as consumers. */
export const both = (count: number) => ({ slots: count, forwarded: count });
