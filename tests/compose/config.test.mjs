/* The compose files, alone and in the combinations of compose/README.md, as docker-compose reads them. */
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { COMPOSE, config, merged, parseYaml, TOP } from './compose.mjs';

const GROUP = { HELIX_RENDER_GROUP: '992' };
const readme = readFileSync(join(COMPOSE, 'README.md'), 'utf8');

/* COMPOSE_FILE=compose.yaml:compose.wsl.yaml in the README. */
const combinations = [['compose.yaml'], ...[...readme.matchAll(/COMPOSE_FILE=([\w.:-]+)/g)]
  .map(([, files]) => files.split(':'))];

/* What microsoft/wslg's samples/container/Containers.md passes for GL and for video. */
const WSL = {
  devices: ['/dev/dxg:/dev/dxg'],
  mounts: ['/usr/lib/wsl:/usr/lib/wsl:ro'],
  environment: { LD_LIBRARY_PATH: '/usr/lib/wsl/lib', LIBVA_DRIVER_NAME: 'd3d12', GALLIUM_DRIVER: 'd3d12' },
};
const VGEM = ['/dev/dri/card0:/dev/dri/card0', '/dev/dri/renderD128:/dev/dri/renderD128'];

const base = merged(['compose.yaml']).service;

/** What these files change of the service. */
function changes(service) {
  const keys = new Set([...Object.keys(base), ...Object.keys(service)]);
  return [...keys].filter((key) => JSON.stringify(base[key]) !== JSON.stringify(service[key])).sort();
}

describe('the README\'s combinations', () => {
  test('name every file', () => {
    const named = new Set(combinations.flat());

    assert.deepEqual([...named].sort(), readdirSync(COMPOSE).filter((name) => name.endsWith('.yaml') && name !== 'compose.override.yaml').sort());
  });

  for (const files of combinations)
    test(`${files.join(' + ')}: one service that is as locked up as the first`, () => {
      const { service, services } = merged(files, GROUP);

      assert.deepEqual(services, ['helix']);
      for (const key of ['user', 'read_only', 'cap_drop', 'security_opt', 'ports', 'tmpfs', 'healthcheck',
        'pids_limit', 'mem_limit', 'cpus', 'shm_size', 'secrets', 'init', 'restart', 'stop_grace_period'])
        assert.deepEqual(service[key], base[key], key);
      for (const key of ['privileged', 'cap_add', 'network_mode', 'pid', 'ipc', 'userns_mode', 'cgroup'])
        assert.equal(service[key], undefined, key);
    });
});

describe('compose.yaml', () => {
  test('has no device and no mount of the host', () => {
    assert.equal(base.devices, undefined);
    assert.equal(base.deploy, undefined);
    assert.deepEqual(base.volumes, ['home:/home/helix']);
    assert.equal(base.environment, undefined);
  });

  test('is reached from this machine only, at a port that can be chosen', () => {
    assert.deepEqual(base.ports, ['127.0.0.1:7878:7878']);
    assert.deepEqual(merged(['compose.yaml'], { HELIX_PORT: '8080' }).service.ports, ['127.0.0.1:8080:7878']);
  });

  test('has no right that a desktop does not need', () => {
    assert.equal(base.user, '1789');
    assert.equal(base.read_only, true);
    assert.deepEqual(base.cap_drop, ['ALL']);
    assert.deepEqual(base.security_opt, ['no-new-privileges:true']);
    assert.deepEqual(base.tmpfs, ['/run', '/tmp', '/var/tmp'].map((path) => `${path}:mode=1777,noexec,nosuid,nodev`));
  });

  test('has limits', () => {
    assert.deepEqual([base.mem_limit, base.shm_size, base.pids_limit, Number(base.cpus)],
      [4 * 2 ** 30, 512 * 2 ** 20, 4096, 2]);
    const { service } = merged(['compose.yaml'], { HELIX_MEMORY: '8g', HELIX_CPUS: '1.5' });
    assert.deepEqual([service.mem_limit, Number(service.cpus)], [8 * 2 ** 30, 1.5]);
  });

  test('takes the token from a file, and its home from a volume of its own name', () => {
    const { secrets, volumes, service } = merged(['compose.yaml']);

    assert.deepEqual(service.secrets, ['helix_token']);
    assert.equal(secrets.helix_token.file, join(COMPOSE, 'secrets/token'));
    assert.equal(volumes.home.name, 'helix-home');
    assert.doesNotMatch(config(['compose.yaml']), /HELIX_TOKEN/);
  });

  test('builds from the top of the project, and gives on a named image', () => {
    const { build } = merged(['compose.yaml'], { HELIX_ROOTFS: 'helix-minimal-0.1.0-amd64.tar.gz' }).service;

    assert.deepEqual(build, { context: TOP, dockerfile: 'compose/Dockerfile',
      args: { HELIX_ROOTFS: 'helix-minimal-0.1.0-amd64.tar.gz' } });
  });
});

describe('compose.wsl.yaml', () => {
  test('adds exactly WSL\'s device, mount and variables', () => {
    const { service } = merged(['compose.yaml', 'compose.wsl.yaml']);

    assert.deepEqual(service.devices, WSL.devices);
    assert.deepEqual(service.volumes, [...WSL.mounts, ...base.volumes].sort());
    assert.deepEqual(service.environment, WSL.environment);
    assert.deepEqual(changes(service), ['devices', 'environment', 'volumes']);
  });

  test('compose.wsl-vgem.yaml adds vgem\'s nodes and their group, nothing else', () => {
    const { service } = merged(['compose.yaml', 'compose.wsl.yaml', 'compose.wsl-vgem.yaml']);

    assert.deepEqual(service.devices, [...VGEM, ...WSL.devices].sort());
    assert.deepEqual(service.group_add, ['44']);
    assert.deepEqual(changes(service), ['devices', 'environment', 'group_add', 'volumes']);
  });

  test('/dev/dri is named in files of its own only: a container does not start without what it names', () => {
    const naming = readdirSync(COMPOSE).filter((name) => name.endsWith('.yaml') && name !== 'compose.override.yaml' &&
      parseYaml(readFileSync(join(COMPOSE, name), 'utf8')).services.helix.devices
        ?.some((device) => device.includes('/dev/dri')));

    assert.deepEqual(naming.sort(), ['compose.vaapi.yaml', 'compose.wsl-vgem.yaml']);
  });
});

describe('compose.vaapi.yaml', () => {
  const files = ['compose.yaml', 'compose.vaapi.yaml'];

  test('adds one render node and its group by number', () => {
    const { service } = merged(files, { HELIX_RENDER_GROUP: '105' });

    assert.deepEqual(service.devices, ['/dev/dri/renderD128:/dev/dri/renderD128']);
    assert.deepEqual(service.group_add, ['105']);
    assert.deepEqual(changes(service), ['devices', 'group_add']);
    assert.deepEqual(merged(files, { ...GROUP, HELIX_RENDER_NODE: '/dev/dri/renderD129' }).service.devices,
      ['/dev/dri/renderD129:/dev/dri/renderD129']);
  });

  test('says what to do without the number', () => {
    assert.throws(() => config(files), /stat -c %g \/dev\/dri\/renderD128/);
  });
});

describe('compose.nvidia.yaml', () => {
  test('asks for a GPU that encodes and draws', () => {
    const { service } = merged(['compose.yaml', 'compose.nvidia.yaml']);
    const [device, ...others] = service.deploy.resources.reservations.devices;

    assert.deepEqual(others, []);
    assert.equal(device.driver, 'nvidia');
    for (const need of ['gpu', 'compute', 'video', 'graphics']) assert.ok(device.capabilities.includes(need), need);
    assert.deepEqual(service.environment.NVIDIA_DRIVER_CAPABILITIES.split(','),
      device.capabilities.filter((name) => name !== 'gpu'));
    assert.deepEqual(changes(service), ['deploy', 'environment']);
  });
});

describe('the Dockerfile', () => {
  const dockerfile = readFileSync(join(COMPOSE, 'Dockerfile'), 'utf8');

  test('is of the image\'s version', () => {
    const version = readFileSync(join(TOP, 'agent/VERSION'), 'utf8').trim();
    const revision = readFileSync(join(TOP, 'wsl-rootfs/REVISION'), 'utf8').trim();

    assert.equal(/^ARG VERSION=(.*)$/m.exec(dockerfile)[1], version + (revision === '0' ? '' : `-${revision}`));
  });

  test('sends the builder what it adds, and nothing else', () => {
    const sources = [...dockerfile.matchAll(/^(?:ADD|COPY) (\S+)/gm)].map(([, path]) => path);
    const sent = readFileSync(join(COMPOSE, 'Dockerfile.dockerignore'), 'utf8').split('\n')
      .filter((line) => line && !line.startsWith('#'));

    assert.deepEqual(sources.map((path) => path.replace(/\$\{.*$/, '')), ['build/rootfs/', 'compose/entrypoint']);
    assert.deepEqual(sent, ['*', '!compose/entrypoint', '!build/rootfs/*.tar.gz']);
  });
});
