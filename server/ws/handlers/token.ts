import type { Handlers } from '../handlers.ts';

export const tokenHandlers: Handlers<'refreshToken'> = {
  async refreshToken(session, { token }) {
    const identity = await session.context.tokens.identify(token);
    session.become(identity);
    if (session.joined) {
      await session.context.streams.applyLimit(session.presence.participant);
      session.viewer?.reconsider();
    }
    const { expiresAt } = identity.token;
    return { expiresAt, expiresInMs: Math.max(0, expiresAt - Date.now()) };
  },
};
