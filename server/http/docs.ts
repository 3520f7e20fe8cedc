import swaggerUi from '@fastify/swagger-ui';
import type { FastifyInstance } from 'fastify';

/** The page has no viewport of its own, and nothing of it is inline. */
const VIEWPORT = `const viewport = document.createElement('meta');
viewport.name = 'viewport';
viewport.content = 'width=device-width, initial-scale=1';
document.head.append(viewport);
`;

/** Long values in answers break, so that a phone need not scroll sideways. */
const NARROW = `.swagger-ui pre.microlight, .swagger-ui .curl { white-space: pre-wrap !important; overflow-wrap: anywhere; }
.swagger-ui table.responses-table, .swagger-ui table.live-responses-table { table-layout: fixed; }
.swagger-ui .responses-table .response-col_status { width: 5em; }
.swagger-ui .responses-table .response-col_links { display: none; }
.swagger-ui .request-url pre { overflow-wrap: anywhere; white-space: pre-wrap; }
`;

/** One `<style>` of the page, which `style-src` allows by what is in it; everything else comes from files. */
const INLINE_STYLE = "'sha256-RL3ie0nH+Lzz2YNqQN83mnU0J1ot4QL7b99vMdIX99w='";

/** `/docs`: a page that shows the API and tries it. */
export async function registerDocs(api: FastifyInstance): Promise<void> {
  await api.register(swaggerUi, {
    routePrefix: '/docs',
    indexPrefix: '/api/v1',
    transformStaticCSP: (policy) => policy.replace("style-src 'self'", `style-src 'self' ${INLINE_STYLE}`),
    theme: {
      title: 'Trivium: the REST API',
      js: [{ filename: 'viewport.js', content: VIEWPORT }],
      css: [{ filename: 'narrow.css', content: NARROW }],
    },
    uiConfig: {
      layout: 'BaseLayout',
      docExpansion: 'list',
      persistAuthorization: false,
      tryItOutEnabled: true,
    },
  });
}
