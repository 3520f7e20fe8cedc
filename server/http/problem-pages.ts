import { STATUS_CODES } from 'node:http';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import { Type, type Static } from 'typebox';
import { AppError } from '../errors.ts';
import { errorCodes, type ErrorCode } from '../protocol/errors.ts';
import { choice, Exactly } from '../protocol/model.ts';
import { answer, refusals } from './answers.ts';
import { advice } from './problem-advice.ts';
import { problemPath } from './problem.ts';
import { named, ref } from './schemas.ts';

const codes = Object.keys(errorCodes).filter(isCode);

const ProblemType = named('ProblemType', 'What an error code means.', {
  type: Type.String({ description: 'Where this is: the `type` of such problems.' }),
  code: choice(codes, 'For programs.'),
  status: Type.Integer({ description: 'The HTTP status that goes with it.' }),
  title: Type.String({ description: 'The name of the status.' }),
  meaning: Type.String(),
  advice: Type.String({ description: 'What to do.' }),
});
type ProblemType = Static<typeof ProblemType>;

const Params = Exactly({ code: Type.String({ description: 'An error code', maxLength: 64 }) });

const HTML = 'text/html; charset=utf-8';
const STYLE = '/api/v1/problems/style.css';

/** `/problems` and `/problems/{code}`: what the error codes mean; a page for browsers, JSON for everybody else. */
export function registerProblemPages(api: FastifyInstance): void {
  api.addSchema(ProblemType);
  api.get(
    '/problems',
    {
      schema: {
        operationId: 'listProblems',
        summary: 'Lists the error codes',
        description: 'As a page, where `Accept` asks for `text/html`.',
        tags: ['about'],
        response: { 200: either(Type.Array(ref(ProblemType)), 'Every code.') },
      },
    },
    (request, reply) => {
      const all = codes.map(typeOf);
      void reply.header('vary', 'Accept');
      return wantsPage(request) ? reply.type(HTML).serializer(String).send(listPage(all)) : reply.send(all);
    },
  );

  api.get<{ Params: Static<typeof Params> }>(
    '/problems/:code',
    {
      schema: {
        operationId: 'getProblem',
        summary: 'Says what an error code means',
        description: 'As a page, where `Accept` asks for `text/html`.',
        tags: ['about'],
        params: Params,
        response: {
          200: either(ref(ProblemType), 'What it means, and what to do.'),
          ...refusals('not_found'),
        },
      },
    },
    (request, reply) => {
      const { code } = request.params;
      if (!isCode(code))
        throw new AppError('not_found', `There is no error code ${code}. See /api/v1/problems.`);
      const type = typeOf(code);
      void reply.header('vary', 'Accept');
      return wantsPage(request) ? reply.type(HTML).serializer(String).send(pageOf(type)) : reply.send(type);
    },
  );

  api.get('/problems/style.css', { schema: { hide: true } }, (_request, reply) =>
    reply
      .type('text/css; charset=utf-8')
      .header('cache-control', 'max-age=3600')
      .serializer(String)
      .send(style),
  );
}

function either(schema: Parameters<typeof answer>[0], description: string) {
  const { content } = answer(schema, description);
  return { description, content: { ...content, 'text/html': { schema: Type.String() } } };
}

function isCode(text: string): text is ErrorCode {
  return Object.hasOwn(errorCodes, text);
}

function typeOf(code: ErrorCode): ProblemType {
  const { status, meaning } = errorCodes[code];
  return {
    type: problemPath(code),
    code,
    status,
    title: STATUS_CODES[status] ?? '',
    meaning,
    advice: advice[code],
  };
}

const wantsPage = ({ headers }: FastifyRequest): boolean => /\btext\/html\b/i.test(headers.accept ?? '');

function pageOf({ code, status, title, meaning, advice: todo }: ProblemType): string {
  return page(
    code,
    `<p class="status">${status} ${text(title)}</p>
<h1><code>${code}</code></h1>
<p>${text(meaning)}</p>
<h2>What to do</h2>
<p>${text(todo)}</p>
<p><a href="/api/v1/problems">All error codes</a></p>`,
  );
}

function listPage(types: ProblemType[]): string {
  const rows = types.map(
    ({ type, code, status, meaning }) =>
      `<dt><a href="${type}"><code>${code}</code></a> ${status}</dt><dd>${text(meaning)}</dd>`,
  );
  return page('Error codes', `<h1>Error codes</h1>\n<dl>\n${rows.join('\n')}\n</dl>`);
}

function page(title: string, body: string): string {
  return `<!doctype html>
<html lang="en">
<meta charset="utf-8" />
<meta name="viewport" content="width=device-width, initial-scale=1" />
<meta name="color-scheme" content="light dark" />
<title>${title} · Trivium</title>
<link rel="icon" href="/favicon.svg" type="image/svg+xml" />
<link rel="stylesheet" href="${STYLE}" />
<main>
${body}
</main>
</html>
`;
}

/** Plain text in HTML; what stands between backticks is code. */
function text(plain: string): string {
  return plain
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll(/`([^`]+)`/g, '<code>$1</code>');
}

const style = `:root { color-scheme: light dark; font: 1rem/1.55 system-ui, sans-serif; }
body { margin: 0; background: light-dark(#f7f5f0, #0f1513); color: light-dark(#1d2521, #e6ebe8); }
main { max-width: 42rem; margin: 0 auto; padding: 2.5rem 1.25rem; overflow-wrap: anywhere; }
h1 { font-size: 1.6rem; line-height: 1.2; margin: 0 0 1rem; }
h2 { font-size: 1.05rem; margin: 1.75rem 0 0.25rem; }
a { color: light-dark(#1d5f4a, #7fd1b2); }
code { font: 0.95em ui-monospace, monospace; }
.status { margin: 0 0 0.25rem; color: light-dark(#5c665f, #9aa8a1); }
dt { margin-top: 1.1rem; }
dd { margin: 0.15rem 0 0; color: light-dark(#5c665f, #9aa8a1); }
`;
