import t from './support/tap.ts';
import { isUnreachable } from '../server/unreachable.ts';

const withCode = (code: string, message = 'x') => Object.assign(new Error(message), { code });

t.test('a database that serves nobody now is told from a bug', (t) => {
  for (const code of ['08006', '28P01', '3D000', '53300', '57014', '57P01', '58030', '25006']) {
    t.ok(isUnreachable(withCode(code)), code);
  }
  for (const code of ['23505', '42P01', '42601', '22P02', '40P01', '25P02', 'XX000', '0A000']) {
    t.notOk(isUnreachable(withCode(code)), code);
  }
  for (const code of ['ECONNREFUSED', 'ECONNRESET', 'EPIPE', 'ETIMEDOUT']) {
    t.ok(isUnreachable(withCode(code)), code);
  }
  t.ok(isUnreachable(Object.assign(withCode('ENOENT'), { syscall: 'connect' })), 'no socket');
  t.notOk(isUnreachable(Object.assign(withCode('ENOENT'), { syscall: 'open' })), 'no file');
  for (const message of [
    'Connection terminated unexpectedly',
    'Connection terminated due to connection timeout',
    'timeout exceeded when trying to connect',
    'Query read timeout',
    'Client was closed and is not queryable',
  ]) {
    t.ok(isUnreachable(new Error(message)), message);
  }
  for (const other of [new TypeError('x is undefined'), new Error('no'), 'text', undefined, null]) {
    t.notOk(isUnreachable(other), String(other));
  }
  t.end();
});
