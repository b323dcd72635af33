# crosswalk as a service in a container; docs/how-to-serve.md says how to build and run it. No network is used once it is built.
FROM python:3.11-slim
WORKDIR /crosswalk
COPY . .
RUN python3 -m venv .venv
RUN .venv/bin/pip install --no-cache-dir -c constraints.txt '.[serve,postgres,parquet]'
RUN useradd --create-home coder
USER coder
EXPOSE 8000
# Others than the container can ask, so CROSSWALK_TOKEN must be given; the service refuses to start without it.
CMD [".venv/bin/crosswalk", "serve", "--host", "0.0.0.0", "--port", "8000"]
