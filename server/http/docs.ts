import swaggerUi from '@fastify/swagger-ui';
import type { FastifyInstance } from 'fastify';

/** The page has no viewport of its own, and nothing of it is inline. */
const VIEWPORT = `const viewport = document.createElement('meta');
viewport.name = 'viewport';
viewport.content = 'width=device-width, initial-scale=1';
document.head.append(viewport);
`;

/** One `<style>` of the page, which `style-src` allows by what is in it; everything else comes from files. */
const INLINE_STYLE = "'sha256-RL3ie0nH+Lzz2YNqQN83mnU0J1ot4QL7b99vMdIX99w='";

/** `/docs`: a page that shows the API and tries it. */
export async function registerDocs(api: FastifyInstance): Promise<void> {
  await api.register(swaggerUi, {
    routePrefix: '/docs',
    indexPrefix: '/api/v1',
    transformStaticCSP: (policy) => policy.replace("style-src 'self'", `style-src 'self' ${INLINE_STYLE}`),
    theme: { title: 'Trivium: the REST API', js: [{ filename: 'viewport.js', content: VIEWPORT }] },
    uiConfig: {
      layout: 'BaseLayout',
      docExpansion: 'list',
      persistAuthorization: false,
      tryItOutEnabled: true,
    },
  });
}
