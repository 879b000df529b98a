# SPDX-License-Identifier: Apache-2.0
# The program, and the libraries that it loads when it needs them. For an image with migrations:
#   FROM registry.example/pgsluice
#   COPY migrations /migrations
ARG BASE=debian:bookworm

FROM ${BASE} AS build
WORKDIR /source
COPY . .
RUN scripts/setup && scripts/build-release && strip build-release/pgsluice

FROM ${BASE}
RUN apt-get update \
  && apt-get install -y --no-install-recommends libpq5 libcurl4 ca-certificates \
  && rm -rf /var/lib/apt/lists/* /var/log/* /var/cache/*
COPY --from=build /source/build-release/pgsluice /usr/local/bin/pgsluice
WORKDIR /migrations
# Nobody's: with nothing to write to.
USER 65532:65532
ENTRYPOINT ["/usr/local/bin/pgsluice"]
