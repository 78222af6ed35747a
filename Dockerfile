# Two images of one file: `page` serves the page without a webui, `worker` is a node of a Ray cluster for facechain batch.
#   docker build --target page -t facechain .
#   docker build --target worker -t facechain-worker .
# Models are not in the images: mount a folder on /models. On a machine with NVIDIA cards add --gpus all.
FROM python:3.11-slim-bookworm AS base

ENV PIP_NO_CACHE_DIR=1 PYTHONUNBUFFERED=1 FACECHAIN_MODELS_DIR=/models
# libegl1, libgles2: mediapipe; libgl1, libglib2.0-0: the OpenCV that some packages bring
# hadolint ignore=DL3008
RUN apt-get update \
    && apt-get install --yes --no-install-recommends libegl1 libgl1 libgles2 libglib2.0-0 \
    && rm -rf /var/lib/apt/lists/* \
    && useradd --create-home --uid 1000 facechain \
    && mkdir /models /data \
    && chown facechain:facechain /models /data
WORKDIR /app
COPY pyproject.toml README.md install.py ./
COPY facechain_ext ./facechain_ext
COPY models ./models
# install.py has the releases that fit together
RUN python -c "import sys, install; install.install(sys.executable, install.standalone_steps(limits=install.GRADIO_LIMITS))"

FROM base AS page
COPY javascript ./javascript
COPY localizations ./localizations
RUN python -c "import sys, install; install.install(sys.executable, [['--no-deps', *install.GRADIO.split()]])"
USER 1000
WORKDIR /data
EXPOSE 7869
HEALTHCHECK --interval=30s --timeout=5s --start-period=120s \
    CMD ["python", "-c", "import urllib.request; urllib.request.urlopen('http://127.0.0.1:7869', timeout=4)"]
ENTRYPOINT ["python", "-m", "facechain_ext"]
CMD ["serve", "--address", "0.0.0.0", "--out", "/data/outputs"]

FROM base AS worker
RUN pip install "ray[data]>=2.30"
USER 1000
WORKDIR /data
# RAY_HEAD is the address of the head node; a node without it is the head
ENTRYPOINT ["/bin/sh", "-c"]
CMD ["if [ -n \"$RAY_HEAD\" ]; then exec ray start --block --address=\"$RAY_HEAD\"; else exec ray start --block --head --port=6379; fi"]
