# docker build -t campaign-graph .
# docker run -v ./config.yaml:/config.yaml:ro -v campaign-graph:/app/data -p 4000:4000 campaign-graph
FROM node:26-slim

ENV NODE_ENV=production CAMPAIGN_GRAPH_CONFIG=/config.yaml
WORKDIR /app

# SQLite's file goes here, unless the configuration names another place.
RUN mkdir data && chown node:node data

COPY package.json package-lock.json ./
RUN npm ci --omit=dev && npm cache clean --force

COPY schema schema
COPY src src

USER node
EXPOSE 4000
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=5s --timeout=3s --start-period=30s --retries=3 \
  CMD ["node", "-e", "fetch('http://127.0.0.1:4000/health/ready').then(({ ok }) => process.exit(ok ? 0 : 1), () => process.exit(1))"]

# As `npm start`, but without npm, which would stand between the process and its signals.
CMD ["node", "--max-semi-space-size=16", "--heap-growing-percent=40", "src/main.ts"]
