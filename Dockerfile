# One image for SuperLink, SuperNodes, the page and `anml`: docker build -t anml .
# It holds no key, no password and no data: those are mounted.
ARG BASE_IMAGE=python:3.11-slim

# What is installed, from the lock. Its layer changes with the lock alone.
FROM ${BASE_IMAGE} AS packages
ENV PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_CACHE_DIR=1 PIP_ROOT_USER_ACTION=ignore
WORKDIR /build
COPY requirements-run.lock ./
# torch comes first, and in its CPU build: the lock's `torch==X` would fetch the one with CUDA.
# Where pip's own configuration knows no `+cpu` wheel, uv (from the lock, too) knows a place.
RUN python3 -m venv /opt/anml \
    && torch="$(sed -n 's/^\(torch==[0-9.]*\).*/\1/p' requirements-run.lock)" \
    && { /opt/anml/bin/pip install -qq --no-deps "${torch}+cpu" \
      || { awk '/^[a-z]/ { on = /^uv==/ } on' requirements-run.lock > uv.txt \
        && /opt/anml/bin/pip install -qq --no-deps --require-hashes -r uv.txt \
        && /opt/anml/bin/uv pip install --python /opt/anml --no-deps --torch-backend cpu \
          "${torch}"; }; } \
    && /opt/anml/bin/pip install -qq --no-deps --require-hashes -r requirements-run.lock \
    && /opt/anml/bin/pip check \
    && /opt/anml/bin/python -c 'import torch; assert torch.version.cuda is None, "CUDA"'

# Our own wheel. What builds it comes from the lock, and stays here.
FROM packages AS build
COPY requirements.lock ./
RUN awk '/^[a-z]/ { on = /^(hatchling|packaging|pathspec|pluggy|trove-classifiers)==/ } on' \
      requirements.lock > tools.txt \
    && python3 -m venv /opt/tools \
    && /opt/tools/bin/pip install -qq --no-deps --require-hashes -r tools.txt
COPY pyproject.toml README.md LICENSE ./
COPY presets presets
COPY anml_fl anml_fl
COPY strategies strategies
COPY server server
COPY clients clients
COPY studies studies
RUN /opt/tools/bin/pip wheel -qq --no-deps --no-build-isolation --wheel-dir /wheel .

FROM ${BASE_IMAGE}
# Compose runs it under the owner of the state folder; this is for `docker run`.
ARG UID=10001
COPY --from=packages /opt/anml /opt/anml
COPY --from=build /wheel /tmp/wheel
RUN /opt/anml/bin/pip install -qq --no-deps --no-index --no-cache-dir /tmp/wheel/*.whl \
    && rm -r /tmp/wheel
COPY deploy/start.py deploy/health.py deploy/supernode.py /opt/anml/deploy/
# A fresh volume takes over the mode of the folder that it is mounted on.
RUN mkdir -p -m 1777 /var/lib/anml /var/lib/superlink /data
# USER and HOME: the account that compose chooses has no line in /etc/passwd.
ENV PATH=/opt/anml/bin:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin \
    USER=anml \
    HOME=/tmp \
    PYTHONUNBUFFERED=1 \
    ANML_DATA_DIR=/data \
    FLWR_HOME=/tmp/flwr \
    FLWR_TELEMETRY_ENABLED=0 \
    FLWR_DISABLE_UPDATE_CHECK=1 \
    FLWR_DISABLE_RUNTIME_DEPENDENCY_INSTALLATION=1 \
    RAY_USAGE_STATS_ENABLED=0
WORKDIR /var/lib/anml
USER ${UID}:${UID}
ENTRYPOINT ["python3", "-IS", "/opt/anml/deploy/start.py"]
CMD ["anml", "--help"]
