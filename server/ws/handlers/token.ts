import type { Handlers } from '../handlers.ts';

export const tokenHandlers: Handlers<'refreshToken'> = {
  async refreshToken(session, { token }) {
    const identity = await session.context.tokens.identify(token);
    session.become(identity);
    if (session.joined) {
      const { presence, viewer } = session;
      await session.context.streams.applyLimit(presence.participant);
      viewer?.reconsider();
    }
    const { expiresAt } = identity.token;
    return { expiresAt, expiresInMs: session.context.tokens.timeLeft(identity.token) };
  },
};
