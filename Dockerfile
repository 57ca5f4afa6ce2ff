# Phosphene as a container image, target `cpu`.
#
#   docker build --target cpu -t phosphene .       also podman build, buildah build
#   deploy/image.sh                                where no registry is reached
#
# docs/operations.md tells how to run it. The same scripts as on any machine
# build it: deploy/install_packages.sh, deploy/build.sh, cmake --install.

# Any image of Debian 12.
ARG BASE=docker.io/library/debian:bookworm-slim

FROM ${BASE} AS build
WORKDIR /src
COPY deploy/install_packages.sh deploy/packages.txt deploy/
RUN deploy/install_packages.sh
COPY . .
ARG CCACHE_MAXSIZE
# libtorch (550 MB) and what ccache holds stay with the builder, not in a layer.
RUN --mount=type=cache,target=/root/.cache \
    deploy/build.sh release phosphened phosphene \
    && DESTDIR=/out cmake --install build/release --prefix /usr/local

FROM ${BASE} AS cpu
# Copied, not mounted: buildah would take a cached layer although the list changed.
COPY deploy/install_packages.sh deploy/packages-runtime.txt /tmp/deploy/
RUN /tmp/deploy/install_packages.sh /tmp/deploy/packages-runtime.txt \
    && rm -rf /tmp/deploy /var/lib/apt/lists/* /var/cache/apt/* /var/log/* \
    && install -d -o 10001 -g 10001 -m 0750 /data
COPY --from=build /out/ /

# A number, so that Kubernetes can see that it is not root.
USER 10001:10001
WORKDIR /data
VOLUME /data
# Container runtimes send SIGKILL 10 s after SIGTERM unless told otherwise.
ENV HOME=/data \
    PHOSPHENE_DATA=/data \
    PHOSPHENE_DRAIN_SECONDS=8 \
    PHOSPHENE_LISTEN=0.0.0.0:50051
EXPOSE 50051 8080
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=15s --timeout=5s --start-period=30s --retries=3 CMD ["phosphene", "health"]
ENTRYPOINT ["phosphened"]

ARG VERSION=0.1.0
ARG REVISION=unknown
LABEL org.opencontainers.image.title="Phosphene" \
      org.opencontainers.image.description="Optimizes images through a neural network, as a gRPC service" \
      org.opencontainers.image.licenses="MIT" \
      org.opencontainers.image.version="${VERSION}" \
      org.opencontainers.image.revision="${REVISION}"
