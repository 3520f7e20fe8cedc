import { mkdir, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { createClient } from '@hey-api/openapi-ts';
import t from '../support/tap.ts';
import ts from 'typescript';
import { temporaryFolder } from '../support/postgres.ts';
import { testServer } from '../support/server.ts';
import { tokenOf, tokenSettings } from '../support/tokens.ts';

/** What somebody writes who uses the client. It is checked by the client's own types, and run. */
const program = `import { declareStream, endStream, getUserStats, listStreams, renewStream } from './client/index.js';
import { client } from './client/client.gen.js';

export async function story(baseUrl: string, token: string, id: string): Promise<string[]> {
  client.setConfig({ baseUrl, auth: token });
  const told: string[] = [];
  const path = { id };
  const before = await listStreams({ path, throwOnError: true });
  told.push(\`\${before.data.streams.length} of \${before.data.limit}\`);
  const label: string = 'TV';
  const { data: first } = await declareStream({ path, body: { label }, throwOnError: true });
  const renewWithin: number = first.renewWithinMs;
  told.push(\`\${first.label} for \${renewWithin}\`);
  await declareStream({ path, throwOnError: true });
  await declareStream({ path, throwOnError: true });
  const { error, response } = await declareStream({ path });
  if (!error) throw new Error('a fourth stream');
  const where: ('this_tab' | 'other_tab' | 'other_room' | 'other_device' | 'outside')[] =
    error.conflicts?.map((conflict) => conflict.where) ?? [];
  told.push(\`\${response?.status} \${error.code}: \${error.current} of \${error.limit}, \${where.join()}\`);
  await endStream({ path: { id, streamId: first.id }, throwOnError: true });
  const gone = await renewStream({ path: { id, streamId: first.id } });
  told.push(\`\${gone.response?.status} \${gone.error?.code}\`);
  const after = await listStreams({ path, throwOnError: true });
  told.push(\`\${after.data.streams.length}, \${after.data.streams[0]?.origin}\`);
  const stats = await getUserStats({ path, query: { step: 3600, fields: 'rttMs' }, throwOnError: true });
  const column: (number | null)[] | undefined = stats.data.fields.rttMs;
  told.push(\`\${stats.data.step} s, made of \${stats.data.resolution}: \${column?.every((value) => value === null)}\`);
  return told;
}
`;

/** Checks and compiles, as `tsc` would. @returns what the compiler has to say. */
function compile(folder: string): string[] {
  const options: ts.CompilerOptions = {
    target: ts.ScriptTarget.ES2022,
    module: ts.ModuleKind.NodeNext,
    moduleResolution: ts.ModuleResolutionKind.NodeNext,
    lib: ['lib.es2022.d.ts', 'lib.dom.d.ts', 'lib.dom.iterable.d.ts'],
    types: [],
    strict: true,
    skipLibCheck: true,
  };
  const compiled = ts.createProgram([join(folder, 'program.ts')], options);
  const found = [...ts.getPreEmitDiagnostics(compiled), ...compiled.emit().diagnostics];
  return found.map(({ messageText }) => ts.flattenDiagnosticMessageText(messageText, '\n'));
}

t.test('a client made from the OpenAPI file by a public generator works, types and all', async (t) => {
  const { app, url } = await testServer(t, tokenSettings);
  const folder = await temporaryFolder(t);
  const input = join(folder, 'openapi.json');
  await writeFile(input, (await app.inject('/api/v1/openapi.json')).body);
  await writeFile(join(folder, 'package.json'), '{ "type": "module" }');
  await mkdir(join(folder, 'client'));
  await createClient({
    input,
    output: { path: join(folder, 'client'), module: { extension: '.js' } },
    plugins: ['@hey-api/client-fetch', '@hey-api/typescript', '@hey-api/sdk'],
    logs: { level: 'silent', file: false },
  });
  await writeFile(join(folder, 'program.ts'), program);
  t.same(compile(folder), []);

  const { story } = (await import(pathToFileURL(resolve(folder, 'program.js')).href)) as {
    story: (baseUrl: string, token: string, id: string) => Promise<string[]>;
  };
  t.same(await story(`${url}/api/v1`, await tokenOf('a/b ü'), 'a/b ü'), [
    '0 of 3',
    'TV for 60000',
    '409 stream_limit: 3 of 3, outside,outside,outside',
    '410 gone',
    '2, declared',
    '3600 s, made of 3600s: true',
  ]);
});
