# The image of the service, without the embedded Postgres. Its root file system can be read-only; /tmp must be writable for imports.
FROM node:26.10.0-trixie-slim AS build
WORKDIR /app
COPY package.json package-lock.json ./
COPY sdk/package.json sdk/
COPY scripts/compiler/package.json scripts/compiler/
RUN npm ci --omit=dev --no-audit --no-fund
COPY knexfile.ts ./
COPY bin bin
COPY scripts scripts
COPY src src
COPY migrations migrations
RUN npm run build && find dist -name '*.map' -delete
# The package without its workspaces has only what the service needs.
RUN rm -rf node_modules \
  && npm ci --omit=dev --omit=optional --workspaces=false --no-audit --no-fund \
  && find node_modules -type f \( -name '*.map' -o -name '*.d.ts' -o -name '*.d.[cm]ts' -o -name '*.md' \) \
    ! -iname '*licen[cs]e*' -delete

FROM node:26.10.0-trixie-slim
ENV NODE_ENV=production HOST=0.0.0.0 PORT=8000
WORKDIR /app
COPY package.json ./
COPY bin bin
COPY generated/openapi.json generated/openapi.yaml generated/openapi-client.json generated/
COPY generated/docs generated/docs
COPY --from=build /app/node_modules node_modules
COPY --from=build /app/dist/migrations dist/migrations
COPY --from=build /app/dist/src dist/src
# By number, so that Kubernetes can see that it is not root. It is the user `node` of the base image.
USER 1000:1000
EXPOSE 8000
HEALTHCHECK --interval=10s --timeout=3s --start-period=30s --retries=3 \
  CMD ["node", "-e", "fetch(`http://127.0.0.1:${process.env.PORT}/livez`).then((r) => process.exit(r.ok ? 0 : 1), () => process.exit(1))"]
ENTRYPOINT ["node", "--max-semi-space-size=8", "--heap-growing-percent=80", "bin/tasklane.js"]
CMD ["serve"]
