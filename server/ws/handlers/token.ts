import type { Handlers } from '../handlers.ts';

export const tokenHandlers: Handlers<'refreshToken'> = {
  async refreshToken(session, { token }) {
    const identity = await session.context.tokens.identify(token);
    session.become(identity);
    await session.context.streams.limits.settled(session.userId);
    if (session.joined) session.viewer?.reconsider();
    const { expiresAt } = identity.token;
    return { expiresAt, expiresInMs: session.context.tokens.timeLeft(identity.token) };
  },
};
