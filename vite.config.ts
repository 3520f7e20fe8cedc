import { join } from 'node:path';
import { defineConfig } from 'vite';

const server = `http://127.0.0.1:${process.env['PORT'] ?? '3000'}`;

export default defineConfig({
  root: join(import.meta.dirname, 'client'),
  build: {
    outDir: join(import.meta.dirname, 'dist', 'client'),
    emptyOutDir: true,
    target: 'es2023',
    modulePreload: { polyfill: false },
    // A strict Content-Security-Policy allows no data: URLs.
    assetsInlineLimit: 0,
  },
  server: {
    port: 5173,
    strictPort: true,
    proxy: {
      '/ws': { target: server, ws: true },
      '/api': server,
      '/healthz': server,
      '/readyz': server,
    },
  },
});
