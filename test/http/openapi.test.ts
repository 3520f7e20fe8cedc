import type { FastifyInstance } from 'fastify';
import t from '../support/tap.ts';
import { errorCodes } from '../../server/protocol/errors.ts';
import { misfit, openApiOf, type Schema } from '../support/openapi.ts';
import { testServer } from '../support/server.ts';

/** Every route of the API, as `METHOD /path`, by Fastify's own tree, in which each level is four characters deep. */
function routesOf(app: FastifyInstance): string[] {
  const parts: string[] = [];
  return app
    .printRoutes({ commonPrefix: false })
    .split('\n')
    .flatMap((line) => {
      const [, indent, part, methods] = /^([^/*\w:]*)(\S+) \((.*)\)$/.exec(line) ?? [];
      if (indent === undefined || part === undefined || methods === undefined) return [];
      const depth = indent.length / 4;
      parts.splice(depth - 1, Infinity, part);
      return methods.split(', ').map((method) => `${method} ${parts.join('').replaceAll('//', '/')}`);
    })
    .filter((route) => /^(?!HEAD)\S+ \/api\/v1\//.test(route))
    .map((route) => route.replaceAll(/:(\w+)/g, '{$1}'))
    .sort();
}

/** What stands in no description: the page that shows it, and the style of other pages. */
const isAsset = (route: string) => /^GET \/api\/v1\/(docs(\/.*)?|problems\/style\.css)$/.test(route);

t.test('the OpenAPI file has every route, and no other', async (t) => {
  const { app } = await testServer(t);
  const { operations } = await openApiOf(app);
  const routes = routesOf(app).filter((route) => !isAsset(route));
  t.ok(routes.length > 10, 'routes are found');
  t.same(operations.map(({ method, path }) => `${method} ${path}`).sort(), routes);
});

t.test('it is OpenAPI 3.1, and complete', async (t) => {
  const { app } = await testServer(t);
  const { file, operations } = await openApiOf(app);
  t.equal(file.openapi, '3.1.0');
  t.match(file, { info: { title: 'Trivium', version: String }, servers: [{ url: '/api/v1' }] });
  t.same(Object.keys(file.components.securitySchemes), ['bearer']);
  const ids = operations.map(({ operationId }) => operationId);
  t.equal(new Set(ids).size, ids.length, 'every operation has an id of its own');
  const tags = file.tags.map(({ name }) => name);
  for (const { operationId: id, method, path, ...operation } of operations) {
    const where = `${method} ${path}`;
    t.match(id, /^[a-z][A-Za-z]+$/, where);
    t.match(operation.summary, /^[A-Z].*[^.]$/, `${where} has a summary`);
    t.ok(operation.tags?.length === 1 && operation.tags.every((tag) => tags.includes(tag)), `${where}: tag`);
    const { parameters = [], responses, requestBody } = operation;
    const inPath = parameters.filter((one) => one.in === 'path').map(({ name }) => name);
    t.same(
      inPath,
      [...path.matchAll(/{(\w+)}/g)].map(([, name]) => name),
      `${where}: its parameters`,
    );
    t.ok(
      parameters.every(({ name }) => name !== 'access_token'),
      'that is a way in, not a parameter',
    );
    t.ok(
      Object.keys(responses).some((status) => status.startsWith('2')),
      `${where} has a good answer`,
    );
    const schemas = [
      ...parameters.map(({ schema }) => schema),
      ...Object.values(requestBody?.content ?? {}).map(({ schema }) => schema),
    ];
    for (const [status, { description, content = {} }] of Object.entries(responses)) {
      t.ok(description && description !== 'Default Response', `${where}: ${status} is described`);
      if (Number(status) >= 400)
        t.same(Object.keys(content), ['application/problem+json'], `${where} ${status}`);
      schemas.push(...Object.values(content).map(({ schema }) => schema));
    }
    for (const schema of schemas) t.doesNotThrow(() => misfit(schema ?? notThere(), undefined), where);
    for (const status of ['400', '401', '429', '500', '503']) t.ok(responses[status], `${where}: ${status}`);
  }
});

function notThere(): Schema {
  throw new Error('there is no schema');
}

t.test(
  'its problems have the codes of the protocol, and a body that may be left out is optional',
  async (t) => {
    const { app } = await testServer(t);
    const { file, operations } = await openApiOf(app);
    t.same(file.components.schemas['Problem']?.properties?.['code']?.enum, Object.keys(errorCodes));
    const named = (id: string) => operations.find(({ operationId }) => operationId === id);
    for (const id of ['declareStream', 'createRoom', 'muteParticipant']) {
      t.equal(named(id)?.requestBody?.required, false, id);
    }
    t.equal(named('revokeTokens')?.requestBody?.required, true);
  },
);

t.test('every body has an example that fits', async (t) => {
  const { app } = await testServer(t);
  const { operations } = await openApiOf(app);
  const examples: Record<string, unknown> = {};
  for (const { operationId = '', requestBody } of operations) {
    if (!requestBody) continue;
    const { schema = notThere(), example } = requestBody.content['application/json'] ?? {};
    t.equal(misfit(schema, example), undefined, operationId);
    examples[operationId] = example;
  }
  t.match(examples, {
    createRoom: { name: 'tea', maxParticipants: 10 },
    updateRoom: { locked: true },
    muteParticipant: { sources: ['microphone'] },
    declareStream: { label: 'Living room' },
    revokeTokens: { userId: 'ada' },
  });
});

/** Every schema in a part of the file. */
function schemasIn(node: unknown): Schema[] {
  if (typeof node !== 'object' || node === null) return [];
  return [node, ...Object.values(node).flatMap(schemasIn)];
}

t.test('generators find names, one form of words, and answers that may grow', async (t) => {
  const { app } = await testServer(t);
  const { file, operations } = await openApiOf(app);
  const { schemas } = file.components;
  for (const name of ['Stream', 'Producer', 'Grants', 'RoomPage', 'ParticipantPage', 'StreamHistory']) {
    t.ok(schemas[name]?.properties, name);
  }
  t.match(schemas['Problem'], {
    properties: { conflicts: { items: { $ref: '#/components/schemas/Stream' } } },
  });
  const all = schemasIn([file.paths, schemas]);
  t.notOk(
    all.some((one) => 'const' in one),
    'one word is a choice as well',
  );
  for (const one of all.filter((schema) => Array.isArray(schema.enum))) t.equal(one.type, 'string');
  const answers = Object.values(file.paths).flatMap((methods) =>
    Object.values(methods).map(({ responses }) => responses),
  );
  t.notOk(schemasIn([schemas, answers]).some((one) => one.additionalProperties === false));
  for (const { operationId = '', responses, requestBody } of operations) {
    t.ok(responses['401']?.headers?.['www-authenticate'], operationId);
    for (const name of ['retry-after', 'ratelimit-limit', 'ratelimit-remaining', 'ratelimit-reset']) {
      t.ok(responses['429']?.headers?.[name], `${operationId}: ${name}`);
    }
    const body = requestBody?.content['application/json']?.schema;
    if (body) t.equal(body.additionalProperties, false, `${operationId}: what is sent is checked`);
  }
});

t.test('the file and its page need no token, and refuse a bad one', async (t) => {
  const { app } = await testServer(t, { GUESTS: 'off' });
  for (const url of ['/api/v1/openapi.json', '/api/v1/docs', '/api/v1/docs/', '/api/v1/docs/json']) {
    t.equal((await app.inject(url)).statusCode, 200, url);
    t.equal((await app.inject(`${url}?access_token=x`)).statusCode, 401, url);
  }
});
