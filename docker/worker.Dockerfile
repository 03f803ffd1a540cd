# A worker: Celery in .venv, and .venv-ml beside it, where the worker scripts run as child processes.
FROM python:3.11-slim-bookworm

RUN apt-get update && apt-get install -y --no-install-recommends make && rm -rf /var/lib/apt/lists/* \
    && useradd --create-home tiebreak
WORKDIR /srv/tiebreak
COPY Makefile pyproject.toml CHANGELOG.md ./
COPY docker/requirements docker/requirements
RUN make .venv/.web .venv-ml/.ml
COPY . .
RUN mkdir -p var && chown tiebreak var
USER tiebreak
ENV PATH=/srv/tiebreak/.venv/bin:$PATH DJANGO_SETTINGS_MODULE=config.settings.prod
CMD ["celery", "-A", "config", "worker", "-Q", "gpu", "-n", "gpu@%h", "--concurrency", "1", "--loglevel", "INFO"]
