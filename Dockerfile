# The image of Ensemble: one program for servers, operator and command line.
#   docker build -t ensemble .
# The base gives Debian and the user `node`; the runtime itself is the one of package-lock.json,
# so that the image runs on exactly the Node.js that the tests ran on.
ARG BASE_IMAGE=node:24-bookworm-slim

FROM ${BASE_IMAGE} AS build
WORKDIR /build
COPY package.json package-lock.json ./
RUN npm ci --no-audit --no-fund
COPY . .
RUN npm run build \
  && cp node_modules/node/bin/node /usr/local/bin/node-pinned \
  && npm prune --omit=dev --no-audit --no-fund

FROM ${BASE_IMAGE}
WORKDIR /opt/ensemble
ENV NODE_ENV=production
COPY --from=build /usr/local/bin/node-pinned /usr/local/bin/node
COPY --from=build /build/node_modules ./node_modules
COPY --from=build /build/dist ./dist
COPY package.json LICENSE ./
COPY crds ./crds
COPY manifests ./manifests
RUN chmod +x dist/main/ensemble.js \
  && ln -s /opt/ensemble/dist/main/ensemble.js /usr/local/bin/ensemble \
  && install -d -o 1000 -g 1000 /data
# A number, not a name: Kubernetes checks `runAsNonRoot` without looking into the image.
USER 1000:1000
VOLUME /data
EXPOSE 2181 2888 3888 8080
ENTRYPOINT ["ensemble"]
