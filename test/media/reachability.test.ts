import t from '../support/tap.ts';
import { reachabilityProblem } from '../../server/media/reachability.ts';

const machine = { inContainer: false, addresses: ['127.0.0.1', '192.168.1.20'] };
const container = { inContainer: true, addresses: ['127.0.0.1', '172.18.0.3'] };

t.test('a call on one machine, and a server that announces an address of the outside, are fine', (t) => {
  t.equal(reachabilityProblem('127.0.0.1', ['127.0.0.1'], machine), undefined);
  t.equal(reachabilityProblem('::1', ['::1'], machine), undefined);
  t.equal(reachabilityProblem('0.0.0.0', ['192.168.1.20'], machine), undefined);
  t.equal(reachabilityProblem('0.0.0.0', ['203.0.113.7', '127.0.0.1'], machine), undefined);
  t.equal(reachabilityProblem('0.0.0.0', ['203.0.113.7', '172.18.0.3'], container), undefined);
  t.equal(reachabilityProblem('0.0.0.0', ['2001:db8::7'], container), undefined);
  t.end();
});

t.test('what nobody else can reach is said, with the variable to set', (t) => {
  for (const [listen, announced, host, told] of [
    ['127.0.0.1', ['127.0.0.1'], container, /outside this container.*Set HOST=0\.0\.0\.0/],
    ['127.0.0.1', ['203.0.113.7'], machine, /this machine alone.*203\.0\.113\.7.*Set HOST=0\.0\.0\.0/],
    ['0.0.0.0', ['127.0.0.1'], machine, /this machine alone.*127\.0\.0\.1.*set ANNOUNCED_ADDRESS/],
    ['::', ['::1', '127.0.0.1'], machine, /this machine alone.*::1 and 127\.0\.0\.1.*set ANNOUNCED_ADDRESS/],
    ['0.0.0.0', ['127.0.0.1'], container, /container's host at most.*set ANNOUNCED_ADDRESS/],
    ['0.0.0.0', ['172.18.0.3'], container, /172\.18\.0\.3.*set ANNOUNCED_ADDRESS/],
    ['0.0.0.0', ['127.0.0.1', '172.18.0.3'], container, /127\.0\.0\.1 and 172\.18\.0\.3/],
  ] as const) {
    t.match(reachabilityProblem(listen, announced, host), told, `${listen}, ${announced.join(' ')}`);
  }
  t.end();
});
