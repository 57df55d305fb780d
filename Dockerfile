# The image of Ensemble: one program for servers, operator and command line.
#   docker build -t ensemble:0.1.0 .
# The base gives Debian and the user `node`; the runtime itself is the one of package-lock.json,
# so that the image runs on exactly the Node.js that the tests ran on.
ARG BASE_IMAGE=node:24-bookworm-slim

FROM ${BASE_IMAGE} AS build
WORKDIR /build
COPY package.json package-lock.json ./
RUN npm ci --no-audit --no-fund
COPY . .
RUN npm run build && chmod +x dist/main/ensemble.js

# Apart from the above, so that a change of the sources changes the last, small layer only.
FROM ${BASE_IMAGE} AS packages
WORKDIR /build
COPY package.json package-lock.json ./
RUN npm ci --omit=dev --no-audit --no-fund

FROM ${BASE_IMAGE}
WORKDIR /opt/ensemble
ENV NODE_ENV=production
COPY --from=build /build/node_modules/node/bin/node /usr/local/bin/node
COPY --from=packages /build/node_modules ./node_modules
# /data is for volumes that take their owner from what they are mounted on.
RUN ln -s /opt/ensemble/dist/main/ensemble.js /usr/local/bin/ensemble \
  && install -d -o 1000 -g 1000 /data
COPY package.json LICENSE ./
COPY --from=build /build/dist ./dist
# A number, not a name: Kubernetes checks `runAsNonRoot` without looking into the image.
USER 1000:1000
EXPOSE 2181 2888 3888 7000 8080
ENTRYPOINT ["ensemble"]
