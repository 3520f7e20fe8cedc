import type { InjectOptions } from 'fastify';
import type { VideoGrant } from '../../server/identity/claims.ts';
import type { TestServer } from './server.ts';
import { tokenOf, tokenSettings } from './tokens.ts';

/** What strangers are refused can be seen only where guests may not look at everything. */
export const production = { ...tokenSettings, NODE_ENV: 'production' };

export interface Answer {
  status: number;
  /** The parsed body. Loosely: tests match it. */
  body: Record<string, unknown>;
  headers: Record<string, unknown>;
}

/** Asks the REST API as somebody. Paths are below /api/v1, unless they begin with it. */
export type Ask = (
  method: 'GET' | 'HEAD' | 'POST' | 'PUT' | 'PATCH' | 'DELETE',
  path: string,
  payload?: InjectOptions['payload'],
  headers?: Record<string, string>,
) => Promise<Answer>;

/** @param token Undefined: nobody. */
export function asking({ app }: TestServer, token: string | undefined): Ask {
  const identity: Record<string, string> = token === undefined ? {} : { authorization: `Bearer ${token}` };
  return async (method, path, payload, headers = {}) => {
    const answer = await app.inject({
      method,
      url: path.startsWith('/api/v1') ? path : `/api/v1${path}`,
      headers: { ...identity, ...headers },
      ...(payload !== undefined && { payload }),
    });
    const body = answer.body === '' ? {} : answer.json<Record<string, unknown>>();
    return { status: answer.statusCode, body, headers: answer.headers };
  };
}

/** Asks as a user with these grants. */
export async function askingWith(server: TestServer, video: VideoGrant, userId = 'asker'): Promise<Ask> {
  return asking(server, await tokenOf(userId, video));
}

/** What a refusal looks like. */
export const problem = (status: number, code: string) => ({
  status,
  body: { status, code, type: `/api/v1/problems/${code}`, detail: String },
  headers: { 'content-type': /^application\/problem\+json/ },
});

/** Every page of a list, by `nextCursor`: the items of each. */
export async function pagesOf<T = { id: string }>(ask: Ask, path: string, list: string): Promise<T[][]> {
  const pages: T[][] = [];
  for (let cursor = ''; ;) {
    const { status, body } = await ask('GET', `${path}${cursor}`);
    if (status !== 200) throw new Error(`${path}: ${JSON.stringify(body)}`);
    pages.push(body[list] as T[]);
    if (typeof body['nextCursor'] !== 'string') return pages;
    cursor = `&cursor=${body['nextCursor']}`;
  }
}
