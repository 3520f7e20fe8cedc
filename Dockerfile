# The server with its pages and mediasoup's worker. Where the registries are mirrors, name them:
#   docker build --build-arg NPM_CONFIG_REGISTRY=https://… --build-arg DEBIAN_MIRROR=http://… .
FROM node:24-bookworm-slim AS base
ARG DEBIAN_MIRROR
RUN [ -z "$DEBIAN_MIRROR" ] || sed -i "s|http://deb.debian.org|$DEBIAN_MIRROR|" /etc/apt/sources.list.d/debian.sources
WORKDIR /app

# What runs needs no embedded PostgreSQL and no sources of the worker.
FROM base AS dependencies
ARG NPM_CONFIG_REGISTRY
COPY package.json package-lock.json .npmrc ./
RUN npm ci --omit=dev --omit=optional

# The worker is fetched where upstream can be reached, else built from Debian's libraries. It stays as it is until a
# dependency or the code that makes it changes: package.json, which says when a script changes too, is not among its input.
FROM base AS worker
RUN echo '{ "type": "module" }' > package.json
COPY --from=dependencies /app/node_modules node_modules
COPY server/root.ts server/
COPY server/setup server/setup
RUN node server/setup/image.ts
RUN mkdir /worker \
 && cp -L node_modules/mediasoup/worker/out/Release/mediasoup-worker /worker/ \
 && ldd /worker/mediasoup-worker | awk '$2 == "=>" { print "*/" $1 }' | xargs dpkg-query -S | cut -d: -f1 | sort -u > /worker/packages

FROM dependencies AS build
ARG NPM_CONFIG_REGISTRY
RUN npm ci
COPY tsconfig.json vite.config.ts ./
COPY server server
COPY client client
RUN npm run build && rm -rf dist/server/setup

FROM dependencies AS packages
RUN rm -rf node_modules/mediasoup/worker

FROM base
COPY --from=worker /worker/packages /tmp/packages
RUN apt-get update \
 && xargs apt-get install -y --no-install-recommends < /tmp/packages \
 && rm -rf /var/lib/apt/lists/* /var/cache/apt/* /tmp/packages
COPY --from=worker /worker/mediasoup-worker /usr/local/bin/
COPY package.json ./
COPY --from=packages /app/node_modules node_modules
COPY migrations migrations
COPY --from=build /app/dist dist
ENV NODE_ENV=production HOST=0.0.0.0 MEDIASOUP_WORKER_BIN=/usr/local/bin/mediasoup-worker
USER node
EXPOSE 3000 44400-44463/udp 44400-44463/tcp
# Not /readyz: calls go on without the database, so its absence is no reason to replace the container.
HEALTHCHECK --interval=5s --timeout=4s --start-period=30s --retries=3 \
  CMD ["node", "-e", "fetch(`http://127.0.0.1:${process.env.PORT ?? 3000}/healthz`).then(({ ok }) => process.exit(ok ? 0 : 1), () => process.exit(1))"]
CMD ["node", "--enable-source-maps", "dist/server/main.js"]
