import type { Browser, Page } from 'playwright-core';
import t from '../support/tap.ts';
import { joinRoom, newPerson, testBrowser, tile, until } from '../support/browser.ts';
import { builtClient } from '../support/client.ts';
import { testServer } from '../support/server.ts';
import { tokenOf, tokenSettings } from '../support/tokens.ts';

const clientDir = await builtClient();

const button = (page: Page, name: string) => page.getByRole('button', { name, exact: true });
const toolsFor = (page: Page, name: string) =>
  tile(page, name).getByRole('button', { name: `Host’s tools for ${name}` });
const roomTools = (page: Page) => button(page, 'Host’s tools');

/** Joins by a link with a token in it, as whom the token says. */
async function joinByLink(browser: Browser, url: string, token: string): Promise<Page> {
  const { page } = await newPerson(browser);
  await page.goto(`${url}/r/tea#access_token=${token}`);
  await button(page, 'Join').click();
  await button(page, 'Leave').waitFor();
  return page;
}

async function joinAsGuest(browser: Browser, url: string, name: string): Promise<Page> {
  const { page } = await newPerson(browser);
  await joinRoom(page, url, 'tea', name);
  return page;
}

t.test('a link with a token lets in whom the token says, and leaves no trace of it', async (t) => {
  const longGrace = { RESUME_GRACE_MS: '600000' };
  const { url, rooms } = await testServer(t, { ...tokenSettings, ...longGrace }, { clientDir });
  const browser = await testBrowser(t);
  const ada = await joinByLink(browser, url, await tokenOf('ada', { roomJoin: true, room: 'tea' }, 'Ada L.'));
  t.equal(ada.url(), `${url}/r/tea`, 'the address that one would copy');
  await tile(ada, 'Ada L.').waitFor();
  t.equal(rooms.presencesOf('ada').length, 1);

  await ada.reload();
  await ada.getByText('The others see you as Ada L.').waitFor();
  await button(ada, 'Join').click();
  await button(ada, 'Leave').waitFor();
  // Whether the server hears first that the former page is gone is the browser's affair.
  await until(
    'a reload keeps it, and no other place',
    () => Promise.resolve(rooms.presencesOf('ada').length),
    (places) => places === 1,
  );

  const { page: late } = await newPerson(browser);
  await late.goto(`${url}/r/tea#access_token=not.a.token`);
  await late.getByLabel('Your name').fill('Eve');
  await button(late, 'Join').click();
  await late.getByText('This link is no longer valid. Ask for a new one.').waitFor();
  await button(late, 'Join').click();
  await button(late, 'Leave').waitFor();
  t.pass('it is forgotten: one comes in as a guest');

  const { page: dan } = await newPerson(browser);
  await dan.goto(url);
  const danToken = await tokenOf('dan', { roomJoin: true }, 'Dan');
  await dan.getByLabel('Room').fill(`${url}/r/tea#access_token=${danToken}`);
  await button(dan, 'Join').click();
  await dan.getByText('The others see you as Dan.').waitFor();
  await button(dan, 'Join').click();
  await tile(dan, 'Dan').waitFor();
  t.pass('who pastes a link with a name in its token is not asked for one');

  const mute = await joinByLink(
    browser,
    url,
    await tokenOf('fay', { roomJoin: true, canPublishSources: ['camera'] }, 'Fay'),
  );
  t.equal(await button(mute, 'Microphone').getAttribute('aria-disabled'), 'true');
  t.equal(await button(mute, 'Share screen').getAttribute('aria-disabled'), 'true');
  t.equal(await button(mute, 'Camera').getAttribute('aria-disabled'), 'false');
});

t.test('a host mutes, stops and removes', async (t) => {
  const { url, rooms } = await testServer(t, tokenSettings, { clientDir });
  const browser = await testBrowser(t);
  const host = await joinByLink(
    browser,
    url,
    await tokenOf('ada', { roomJoin: true, roomAdmin: true }, 'Ada'),
  );
  const ben = await joinAsGuest(browser, url, 'Ben');
  const cleo = await joinByLink(browser, url, await tokenOf('cleo', { roomJoin: true }, 'Cleo'));
  t.equal(await ben.getByRole('button', { name: /Host/ }).count(), 0, 'who is no host has no tools');

  await tile(host, 'Ben').locator('video').waitFor();
  await toolsFor(host, 'Ben').click();
  await button(host, 'Mute').click();
  await ben.getByText('You were muted by a host.').waitFor();
  t.equal(await button(ben, 'Microphone').getAttribute('aria-pressed'), 'false');
  for (const page of [host, cleo]) await tile(page, 'Ben').getByText('muted').waitFor({ state: 'attached' });
  await button(ben, 'Microphone').click();
  for (const page of [host, cleo]) await tile(page, 'Ben').getByText('muted').waitFor({ state: 'detached' });
  await ben.getByText('You were muted by a host.').waitFor({ state: 'detached' });

  await toolsFor(host, 'Ben').click();
  t.equal(
    await button(host, 'Stop screen share').getAttribute('aria-disabled'),
    'true',
    'what there is nothing to be done with keeps its place',
  );
  await button(host, 'Stop video').click();
  await ben.getByText('A host stopped your camera.').waitFor();
  t.equal(await button(ben, 'Camera').getAttribute('aria-pressed'), 'false');
  await tile(host, 'Ben').locator('video').waitFor({ state: 'detached' });

  await button(ben, 'Share screen').click();
  await tile(host, 'Ben’s screen').locator('video').waitFor();
  await toolsFor(host, 'Ben').click();
  await button(host, 'Stop screen share').click();
  await tile(host, 'Ben’s screen').waitFor({ state: 'detached' });
  await ben.getByText('A host stopped your screen share.').waitFor();

  const room = rooms.find('tea');
  const participant = [...(room?.participants.values() ?? [])].find(
    ({ displayName }) => displayName === 'Ben',
  );
  if (!room || !participant) throw new Error('Ben is not in the room');
  room.regrant(participant, { grants: { ...participant.grants, canPublish: false }, token: undefined });
  await ben.getByText('You may not speak in this room.').waitFor();
  t.equal(await ben.getByText('A host stopped your microphone.').count(), 0, 'a token is no host');

  await toolsFor(host, 'Cleo').click();
  await button(host, 'Remove…').click();
  await host.getByRole('dialog', { name: 'Remove Cleo?' }).waitFor();
  await button(host, 'Cancel').click();
  await tile(host, 'Cleo').waitFor();
  await toolsFor(host, 'Cleo').click();
  await button(host, 'Remove…').click();
  await button(host, 'Remove').click();
  await cleo.getByText('You were removed from this room.').waitFor();
  for (const page of [host, ben]) await tile(page, 'Cleo').waitFor({ state: 'detached' });
  t.equal(
    await host.evaluate(() => document.activeElement?.textContent),
    'tea',
    'a keyboard goes on from the room’s name',
  );

  const refusal = cleo.getByRole('alert');
  await cleo.reload();
  await button(cleo, 'Join').click();
  await refusal.getByText(/You were removed from room tea/).waitFor();
  t.comment(await refusal.innerText());
  t.equal(await tile(host, 'Cleo').count(), 0, 'with the same token one does not come back');
});

t.test('a host locks and unlocks the room, and ends the call for everybody', async (t) => {
  const { url } = await testServer(t, tokenSettings, { clientDir });
  const browser = await testBrowser(t);
  const host = await joinByLink(
    browser,
    url,
    await tokenOf('ada', { roomJoin: true, roomAdmin: true }, 'Ada'),
  );
  const ben = await joinAsGuest(browser, url, 'Ben');

  await roomTools(host).click();
  await button(host, 'Lock the room').click();
  for (const page of [host, ben]) await page.getByText('Locked', { exact: true }).waitFor();
  const { page: cleo } = await newPerson(browser);
  await cleo.goto(`${url}/r/tea`);
  await cleo.getByLabel('Your name').fill('Cleo');
  await button(cleo, 'Join').click();
  await cleo
    .getByRole('alert')
    .getByText(/locked/)
    .waitFor();
  t.equal(await tile(host, 'Cleo').count(), 0);

  await roomTools(host).click();
  await button(host, 'Unlock the room').click();
  await ben.getByText('Locked', { exact: true }).waitFor({ state: 'detached' });
  await button(cleo, 'Join').click();
  await tile(host, 'Cleo').waitFor();

  await roomTools(host).click();
  await button(host, 'End for everybody…').click();
  await button(host, 'End for everybody').click();
  for (const page of [host, ben, cleo]) await page.getByText('This call was ended for everybody.').waitFor();
  t.pass('nobody is in the room');
});
