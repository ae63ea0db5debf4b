# upstreamd and nginx in one container: docker build -t upstreamd .
# Nothing here needs BuildKit. How to run the image: docs/container.md
ARG BASE=debian:bookworm-slim

# ── the bundle, and the Node it was tested with ─────────────────────────────────────────────────────
FROM ${BASE} AS build
RUN apt-get update \
 && apt-get install -y --no-install-recommends ca-certificates nodejs npm \
 && rm -rf /var/lib/apt/lists/*
# A registry of one's own: --build-arg NPM_CONFIG_REGISTRY=…; npm reads it from the environment.
ARG NPM_CONFIG_REGISTRY
# npm brings its own list of authorities; this one also knows those that the base image trusts.
ENV NPM_CONFIG_CAFILE=/etc/ssl/certs/ca-certificates.crt
WORKDIR /build
COPY package.json package-lock.json .npmrc ./
RUN npm ci
COPY tsconfig.json ./
COPY scripts/build.mjs scripts/
COPY src src/
RUN node_modules/node/bin/node scripts/build.mjs

# ── the image ───────────────────────────────────────────────────────────────────────────────────────
FROM ${BASE}
# Debian's default site goes: it claims default_server on port 80. nginx's logs go where `docker logs` reads.
RUN apt-get update \
 && apt-get install -y --no-install-recommends nginx tini \
 && rm -rf /var/lib/apt/lists/* /var/cache/apt/* /etc/nginx/sites-enabled/default \
 && ln -sf /dev/stdout /var/log/nginx/access.log \
 && ln -sf /dev/stderr /var/log/nginx/error.log \
 && useradd --system --home-dir /var/lib/upstreamd --shell /usr/sbin/nologin upstreamd \
 && install -d -m 0770 -g upstreamd /var/lib/upstreamd \
 && mkdir -p /opt/upstreamd/bin \
 && printf '%s\n' '#!/bin/sh' 'exec /opt/upstreamd/bin/node /opt/upstreamd/dist/upstreamd.js "$@"' >/usr/local/bin/upstreamd \
 && chmod 755 /usr/local/bin/upstreamd
COPY --from=build /build/node_modules/node/bin/node /opt/upstreamd/bin/node
# package.json says that the bundle is an ES module; the bundle finds ctmpl/ and nginx/ beside dist/.
COPY package.json /opt/upstreamd/
COPY nginx /opt/upstreamd/nginx/
COPY ctmpl /opt/upstreamd/ctmpl/
# A copy, not a link: who mounts his own folder on /etc/ctmpl must not hide what upstreamd ships.
COPY ctmpl /etc/ctmpl/
COPY --from=build /build/dist/upstreamd.js /build/dist/program.js /opt/upstreamd/dist/
# What V8 makes of the program is kept beside it, for every user.
RUN upstreamd -version && chmod -R a+rX /opt/upstreamd/dist

# The last good generation: what is served when Consul is away at the next start.
VOLUME /var/lib/upstreamd
EXPOSE 80
HEALTHCHECK --interval=10s --timeout=5s --start-period=60s --retries=3 CMD ["upstreamd", "healthcheck"]
# tini reaps orphans, which Node as process 1 would not; -g hands a signal on to the whole process group.
ENTRYPOINT ["tini", "-g", "--", "upstreamd"]
