# syntax=docker/dockerfile:1

# Build: everything npm needs to compile the program.
FROM node:24-bookworm-slim AS build
WORKDIR /app
COPY package.json package-lock.json ./
RUN npm ci --ignore-scripts --no-audit --no-fund
COPY tsconfig.json tsconfig.build.json ./
COPY src ./src
RUN npm run build

# Dependencies of the running program alone. The embedded Postgres stays out: a container is given a database.
FROM node:24-bookworm-slim AS dependencies
WORKDIR /app
COPY package.json package-lock.json ./
RUN npm ci --omit=dev --omit=optional --ignore-scripts --no-audit --no-fund && npm cache clean --force

FROM node:24-bookworm-slim
ENV NODE_ENV=production \
    HOST=0.0.0.0 \
    PORT=4000 \
    ORGSCOPE_DATA_DIR=/var/lib/orgscope
WORKDIR /app
RUN install --directory --owner=node --group=node --mode=0700 /var/lib/orgscope
COPY --from=dependencies /app/node_modules ./node_modules
COPY --from=build /app/dist ./dist
COPY package.json LICENSE ./
COPY migrations ./migrations
COPY schema ./schema
COPY tenants ./tenants
USER node
EXPOSE 4000
HEALTHCHECK --interval=10s --timeout=3s --start-period=20s --retries=3 \
  CMD ["node", "-e", "fetch(`http://127.0.0.1:${process.env.PORT}/health/ready`).then((answer) => process.exit(answer.ok ? 0 : 1), () => process.exit(1))"]
# Node as process 1 gets SIGTERM itself; the program stops cleanly on it.
ENTRYPOINT ["node", "dist/cli/main.js"]
CMD ["serve"]
