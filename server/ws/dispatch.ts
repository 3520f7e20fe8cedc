import type { TSchema } from 'typebox';
import { Compile } from 'typebox/compile';
import { AppError } from '../errors.ts';
import { methods, type Method } from '../protocol/methods.ts';
import { misfit } from '../protocol/misfit.ts';
import { handlers, type Handler } from './handlers.ts';
import type { Session } from './session.ts';

type Route = (session: Session, data: unknown) => unknown;

/** A method's validator, compiled once, before its handler. */
function route<M extends Method>(method: M, handler: Handler<M>): Route {
  const schema: TSchema = methods[method].params;
  const validator = Compile(schema);
  return (session, data) => {
    if (!validator.Check(data)) {
      const wrong = misfit('data', schema, data, validator.Errors(data));
      throw new AppError('bad_request', `${method}: ${wrong}`);
    }
    return handler(session, data as Parameters<typeof handler>[1]);
  };
}

const routes = new Map<string, Route>(
  (Object.keys(methods) as Method[]).map((method) => [method, route(method, handlers[method])]),
);

/**
 * Runs one method for a session and gives its result, or a promise of it.
 *
 * @throws {AppError} `unknown_method`, `bad_request` where the data does not fit, and what the method itself throws.
 */
export function dispatch(session: Session, method: string, data: unknown): unknown {
  const found = routes.get(method);
  if (!found) throw new AppError('unknown_method', `There is no method ${JSON.stringify(method)}.`);
  return found(session, data);
}
