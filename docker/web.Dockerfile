# The web server, the CPU worker and beat: no torch in this image.
FROM python:3.11-slim-bookworm

RUN apt-get update && apt-get install -y --no-install-recommends make && rm -rf /var/lib/apt/lists/* \
    && useradd --create-home tiebreak
WORKDIR /srv/tiebreak
COPY Makefile pyproject.toml CHANGELOG.md ./
COPY docker/requirements docker/requirements
RUN make .venv/.web
COPY . .
RUN SECRET_KEY=build-only DATABASE_URL=postgres:/// BROKER_URL=memory:// \
    DJANGO_SETTINGS_MODULE=config.settings.prod .venv/bin/python manage.py collectstatic --noinput \
    && mkdir -p var && chown tiebreak var
USER tiebreak
ENV PATH=/srv/tiebreak/.venv/bin:$PATH DJANGO_SETTINGS_MODULE=config.settings.prod
EXPOSE 8000
CMD ["gunicorn", "config.wsgi:application", "--bind", "0.0.0.0:8000", "--workers", "4", "--threads", "4", "--keep-alive", "75"]
