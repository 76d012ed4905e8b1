# syntax=docker/dockerfile:1

# A worker in a small image: one binary, no shell, not root.
#   docker build -t longshore .
#   docker run -p 127.0.0.1:8083:8083 -v ./worker.properties:/etc/longshore/worker.properties:ro longshore

FROM rust:1.95-bookworm AS builder
WORKDIR /src
COPY tests/prerequisites.sh tests/prerequisites.sh
RUN tests/prerequisites.sh build
COPY . .
# The caches stay on the building machine; only what is copied to /out reaches the image.
RUN --mount=type=cache,target=/usr/local/cargo/registry \
    --mount=type=cache,target=/target \
    CARGO_TARGET_DIR=/target cargo build --locked --profile dist --package longshore \
    && install -D /target/dist/longshore /out/longshore \
    && mkdir /out/data

FROM gcr.io/distroless/cc-debian12:nonroot
LABEL org.opencontainers.image.title="Longshore" \
      org.opencontainers.image.description="A Kafka Connect-compatible connector runtime" \
      org.opencontainers.image.licenses="Apache-2.0"
COPY --from=builder /out/longshore /usr/local/bin/longshore
# Offset files and sinks that write files need a place that the worker may write to.
COPY --from=builder --chown=nonroot:nonroot /out/data /var/lib/longshore
WORKDIR /var/lib/longshore
VOLUME /var/lib/longshore
USER nonroot:nonroot
EXPOSE 8083
HEALTHCHECK --interval=10s --timeout=3s --start-period=30s --retries=3 \
    CMD ["/usr/local/bin/longshore", "healthcheck", "--url", "http://127.0.0.1:8083/health"]
ENTRYPOINT ["/usr/local/bin/longshore"]
CMD ["distributed", "/etc/longshore/worker.properties"]
