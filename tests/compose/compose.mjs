/* What docker-compose makes of the files in compose/, in one form whatever its version prints.
 *
 *   const { service, volumes, secrets } = merged(['compose.yaml', 'compose.wsl.yaml']);
 *   service.devices                   ['/dev/dxg:/dev/dxg']
 *   podmanArguments(service, ...)     the same as options of `podman run`
 *
 *   DOCKER_COMPOSE   another program than docker-compose */
import { execFileSync } from 'node:child_process';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

export const TOP = resolve(fileURLToPath(import.meta.url), '../../..');
export const COMPOSE = join(TOP, 'compose');

/* The system's own: its modules are packages. */
const PYTHON = '/usr/bin/python3';
const TO_JSON = 'import json, sys, yaml; json.dump(yaml.safe_load(sys.stdin), sys.stdout)';

/** YAML as docker-compose and people write it. */
export function parseYaml(text) {
  return JSON.parse(execFileSync(PYTHON, ['-c', TO_JSON], { input: text, encoding: 'utf8' }));
}

/** The words on the command line that name these files. */
const fileArguments = (files) => files.flatMap((name) => ['-f', join(COMPOSE, name)]);

/** `docker-compose config`: what it prints. Throws with its words when it finds a fault. */
export function config(files, env = {}) {
  const own = Object.entries(process.env).filter(([name]) => !/^(HELIX|COMPOSE)_/.test(name));
  return execFileSync(process.env.DOCKER_COMPOSE ?? 'docker-compose', [...fileArguments(files), 'config'],
    { cwd: COMPOSE, encoding: 'utf8', env: { ...Object.fromEntries(own), ...env }, stdio: ['ignore', 'pipe', 'pipe'] });
}

const number = (value) => Number(/^(\d+)/.exec(value)[1]) * ({ k: 2 ** 10, m: 2 ** 20, g: 2 ** 30 }[value.at(-1)] ?? 1);
const bytes = (value) => (typeof value === 'string' ? number(value.toLowerCase()) : value);

/* Version 2 spells out what version 1 left short. */
const short = {
  ports: (port) => (typeof port === 'string' ? port.replace(/\/tcp$/, '')
    : `${port.host_ip}:${port.published}:${port.target}`),
  devices: (device) => (typeof device === 'string' ? device.includes(':') ? device : `${device}:${device}`
    : `${device.source}:${device.target}`),
  volumes: (volume) => (typeof volume === 'string' ? volume.replace(/:rw$/, '')
    : `${volume.source}:${volume.target}${volume.read_only ? ':ro' : ''}`),
  secrets: (secret) => (typeof secret === 'string' ? secret : secret.source),
  group_add: String,
};

function normalise(service) {
  const same = { ...service };
  for (const [key, form] of Object.entries(short)) if (same[key]) same[key] = same[key].map(form).sort();
  for (const key of ['mem_limit', 'shm_size']) same[key] = bytes(same[key]);
  delete same.networks; /* the default one */
  return same;
}

/** The one service of these files together. `env`: variables for docker-compose. */
export function merged(files, env = {}) {
  const { services, volumes, secrets } = parseYaml(config(files, env));
  return { service: normalise(services.helix), services: Object.keys(services), volumes, secrets };
}

const each = (option, values = []) => values.flatMap((value) => [option, value]);

/* How podman says it. A key that is not here is an error: then the test would run less than the file
 * asks for. */
const OPTIONS = {
  user: (value) => ['--user', value],
  hostname: (value) => ['--hostname', value],
  init: () => ['--init'],
  ports: (values) => each('--publish', values),
  read_only: () => ['--read-only', '--read-only-tmpfs=false'],
  tmpfs: (values) => each('--tmpfs', values),
  cap_drop: (values) => each('--cap-drop', values),
  security_opt: (values) => each('--security-opt', values),
  shm_size: (value) => ['--shm-size', String(value)],
  devices: (values) => each('--device', values),
  group_add: (values) => each('--group-add', values),
  environment: (values) => Object.entries(values).flatMap(([name, value]) => ['--env', `${name}=${value}`]),
  stop_grace_period: (value) => ['--stop-timeout', value.replace(/s$/, '')],
  healthcheck: (value) => ['--health-cmd', value.test.slice(1).join(' '), '--health-interval', 'disable',
    '--health-timeout', value.timeout, '--health-retries', String(value.retries)],
  volumes: (values, { volumes }) => each('--volume', values.map((value) => {
    const [source, ...rest] = value.split(':');
    return [volumes[source]?.name ?? source, ...rest].join(':');
  })),
  secrets: (values, { token }) => (token ? ['--volume', `${token}:/run/secrets/${values[0]}:ro`] : []),
  /* It is built by hand and ends with the test; and limits take cgroups, which a test need not have. */
  image: () => [], build: () => [], restart: () => [], cpus: () => [], mem_limit: () => [], pids_limit: () => [],
};

/** Options of `podman run` for merged(): but for the limits, all that the files say.
 * `token`: the file of the secret, null for none. */
export function podmanArguments({ service, volumes }, { token = null } = {}) {
  return Object.entries(service).flatMap(([key, value]) => {
    if (!OPTIONS[key]) throw new Error(`no option of podman is known for ${key}`);
    return OPTIONS[key](value, { volumes, token });
  });
}
