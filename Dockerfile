# syntax=docker/dockerfile:1
# The operator. TypeScript runs as it is; there is no build step.

FROM node:24-bookworm-slim AS dependencies
WORKDIR /app
COPY package.json package-lock.json ./
COPY container/package.json container/
RUN npm ci --omit=dev --ignore-scripts --no-audit --no-fund && rm -rf node_modules/@mayfly

FROM node:24-bookworm-slim
LABEL org.opencontainers.image.title="Mayfly" \
      org.opencontainers.image.description="Every pull request gets its own running environment on AWS ECS" \
      org.opencontainers.image.licenses="Apache-2.0"
ENV NODE_ENV=production
WORKDIR /app
COPY --from=dependencies /app/node_modules node_modules
COPY package.json LICENSE ./
# Without src/local: see .dockerignore.
COPY src src
USER node
# Webhooks, front door, admin
EXPOSE 8080 8081 9464
# The admin server listens on loopback by default; MAYFLY_ADMIN_PORT follows http.admin.port where that was changed.
ENV MAYFLY_ADMIN_PORT=9464
HEALTHCHECK --interval=15s --timeout=3s --start-period=20s --retries=3 \
  CMD ["node", "-e", "fetch(`http://127.0.0.1:${process.env.MAYFLY_ADMIN_PORT}/healthz`).then(({ ok }) => process.exit(ok ? 0 : 1), () => process.exit(1))"]
STOPSIGNAL SIGTERM
ENTRYPOINT ["node", "src/main.ts"]
