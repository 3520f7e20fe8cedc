import t from '../support/tap.ts';
import { framesShown, joinRoom, newPerson, selectedPairs, testBrowser, until } from '../support/browser.ts';
import { ComposeProject, serviceOf } from '../support/compose.ts';

t.test('compose.https.yml: pages by https, and TURN by TLS with the same certificate', async (t) => {
  const project = await ComposeProject.create(t, {
    files: ['docker-compose.yml', 'compose.https.yml'],
    // For a name that is only known here Caddy makes a certificate itself, instead of asking for one.
    settings: { DOMAIN: 'localhost', ANNOUNCED_ADDRESS: '127.0.0.1' },
  });
  await project.up();
  const server = (await project.containers()).find((container) => serviceOf(container) === 'server');
  t.notOk(server?.HostConfig.PortBindings['3000/tcp'], 'the pages are published by Caddy alone');

  const url = `https://localhost:${project.ports.https}`;
  const browser = await testBrowser(t, { more: ['--ignore-certificate-errors'] });
  // One way is left: TURN by TLS.
  const turnsOnly = () => {
    const Original = window.RTCPeerConnection;
    window.RTCPeerConnection = class extends Original {
      constructor(configuration: RTCConfiguration = {}) {
        const turns = (configuration.iceServers ?? []).map((server) => ({
          ...server,
          urls: [server.urls].flat().filter((one) => one.startsWith('turns:')),
        }));
        super({ ...configuration, iceServers: turns, iceTransportPolicy: 'relay' });
      }
    };
  };
  const [ada, ben] = [await newPerson(browser), await newPerson(browser)];
  for (const { context } of [ada, ben]) await context.addInitScript(turnsOnly);
  // coturn starts anew once Caddy has the certificate.
  await until(
    'TURN by TLS',
    () => project.compose('exec', '-T', 'coturn', 'cat', '/tmp/turnserver.conf').catch(() => ''),
    (configuration) => configuration.includes('cert=/certificates/'),
  );
  t.notMatch(
    await project.compose('exec', '-T', 'coturn', 'find', '/certificates'),
    'root',
    'none of Caddy’s own keys',
  );
  await joinRoom(ada.page, url, 'tea', 'Ada');
  await joinRoom(ben.page, url, 'tea', 'Ben');
  await until(
    'Ben sees Ada',
    () => framesShown(ben.page, 'Ada'),
    (frames) => frames > 20,
  );
  for (const { local } of await selectedPairs(ben.page)) {
    t.match(local, { candidateType: 'relay', relayProtocol: 'tls' });
  }
  const cookies = await ben.context.cookies();
  t.ok(cookies.length > 0);
  for (const { name, secure } of cookies) t.ok(secure, `${name}: by https alone`);
});
