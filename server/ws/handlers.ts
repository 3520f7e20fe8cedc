import type { Method, Params, Result } from '../protocol/methods.ts';
import type { Session } from './session.ts';
import { consumerHandlers } from './handlers/consumer.ts';
import { hostHandlers } from './handlers/host.ts';
import { producerHandlers } from './handlers/producer.ts';
import { roomHandlers } from './handlers/room.ts';
import { statsHandlers } from './handlers/stats.ts';
import { tokenHandlers } from './handlers/token.ts';
import { transportHandlers } from './handlers/transport.ts';

/** What a method does: the checked data in, the result out. An AppError that it throws is the answer. */
export type Handler<M extends Method> = (
  session: Session,
  params: Params<M>,
) => Promise<Result<M>> | Result<M>;

export type Handlers<M extends Method = Method> = { [N in M]: Handler<N> };

/** Every method of the protocol; one that is missing does not compile. */
export const handlers: Handlers = {
  ...roomHandlers,
  ...tokenHandlers,
  ...transportHandlers,
  ...producerHandlers,
  ...consumerHandlers,
  ...statsHandlers,
  ...hostHandlers,
};
