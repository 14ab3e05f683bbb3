# facecheck's programs, and its server, in images without a compiler:
#   docker build -t facecheck . && docker run --rm --read-only --network none -v "$PWD:/work:ro" facecheck match a.jpg b.jpg
#   docker build -t facecheck-serve --target serve .
# amd64 and arm64 (docker buildx build --platform). docs/INSTALL.md says more.
ARG DEBIAN=debian:12-slim

FROM ${DEBIAN} AS build
COPY . /src
WORKDIR /src
RUN ./bootstrap packages /packages

FROM ${DEBIAN} AS facecheck
RUN --mount=type=bind,from=build,source=/packages,target=/packages \
    --mount=type=bind,from=build,source=/src/packaging/container,target=/container \
    /container/install.sh /packages libfacecheck0.1 facecheck-models facecheck
LABEL org.opencontainers.image.title="facecheck" \
      org.opencontainers.image.licenses="Apache-2.0"
ENV PATH=/usr/libexec/facecheck:/usr/local/bin:/usr/bin:/bin HOME=/tmp
WORKDIR /work
USER 65532:65532
ENTRYPOINT ["facecheck"]
CMD ["--help"]

FROM facecheck AS serve
USER 0:0
RUN --mount=type=bind,from=build,source=/packages,target=/packages \
    --mount=type=bind,from=build,source=/src/packaging/container,target=/container \
    /container/install.sh /packages facecheck-serve
USER 65532:65532
EXPOSE 6000
HEALTHCHECK --interval=30s --timeout=10s --start-period=10s CMD ["fc-serve", "--check"]
# Others than this machine reach it with --listen 0.0.0.0:6000 --token-file FILE alone.
ENTRYPOINT ["fc-serve"]
CMD []

# What docker build makes without --target.
FROM facecheck
