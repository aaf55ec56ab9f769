/* The encoders of this machine, here over the software VA driver: what each adds to a picture's way in
 * one process (helix-encoder --probe) and across the boundary of processes (the agent's legs), and
 * what it costs to know which one is best.
 *
 *   node tests/bench/encoders.mjs [WxH...]
 *
 * The software VA driver is x264 behind a VA driver: its figures say nothing about a GPU. Figures
 * depend on the machine and on what else it does: compare those of one invocation. */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { availableParallelism, loadavg, tmpdir } from 'node:os';
import { join } from 'node:path';
import { BUILD, startAgent } from '../lib/agent.mjs';
import { connect } from '../lib/client.mjs';
import { testClient } from '../lib/testclient.mjs';
import { softwareVa } from '../lib/va.mjs';
import { inWorld } from '../lib/world.mjs';

const ENCODERS = ['x264enc', 'openh264enc', 'vaapih264enc', 'vaapih264enc-without-drm', 'vah264enc'];
const SECONDS = Number(process.env.SECONDS ?? 6);
const sizes = process.argv.length > 2 ? process.argv.slice(2) : ['1280x720', '1920x1080'];

const ms = (us) => (us / 1000).toFixed(1).padStart(6);
const va = softwareVa({ node: true });
const bare = softwareVa({ node: false });
const hasNode = (name) => name !== 'vaapih264enc-without-drm';

function helixAgent(command, name, size, cache) {
  const [shell, ...words] = inWorld({ node: hasNode(name) });
  const { stdout, stderr } = spawnSync(shell, [...words, join(BUILD, 'helix-agent'), command, '--json',
    '--encoder', name, '--size', size], { encoding: 'utf8', maxBuffer: 1 << 20,
    env: { ...process.env, ...(hasNode(name) ? va : bare).env, XDG_CACHE_HOME: cache } });
  if (!stdout) throw new Error(stderr);
  return JSON.parse(stdout);
}

async function legs(name, size, cache) {
  const screen = testClient({ mode: 'animate', content: 'scroll', fps: 30 });
  const agent = await startAgent({ app: screen.command, size, prefix: inWorld({ node: hasNode(name) }),
    env: { ...(hasNode(name) ? va : bare).env, XDG_CACHE_HOME: cache },
    args: ['--encoder', name, '--log-level', 'debug'] });
  const viewer = await connect(agent, { ack: 'presented', keep: false });
  await viewer.firstKeyFrame();
  await new Promise((resolve) => setTimeout(resolve, SECONDS * 1000));
  const { stream, encoder } = await agent.status();
  const [, known] = /choice: .* it took (\d+) us to know/.exec(agent.stderr) ?? [];
  await viewer.close();
  await agent.stop();
  screen.clean();
  if (encoder.name !== name) throw new Error(`${encoder.name} served instead of ${name}`);
  return { ...stream.legs_us, known: Number(known) };
}

for (const size of sizes) {
  console.log(`\n${size}, load ${loadavg()[0].toFixed(2)} on ${availableParallelism()} cores; milliseconds, p50 p95 or p99`);
  console.log(`${''.padEnd(26)}one process p50 p95   in the agent p50 p99   boundary p50 p99    probe, cached`);
  for (const name of ENCODERS) {
    const cache = mkdtempSync(join(tmpdir(), 'helix-bench-'));
    const began = performance.now();
    const report = helixAgent('encoders', name, size, cache);
    const probeMs = performance.now() - began;
    const { p50_ms: p50, p95_ms: p95 } = report.encoders.find((one) => one.name === name);
    const { encode, return: back, known } = await legs(name, size, cache);
    console.log(`${name.padEnd(26)}${ms(p50 * 1000)}${ms(p95 * 1000)}              ${ms(encode.p50)}${ms(encode.p99)}       ` +
      `${ms(back.p50)}${ms(back.p99)}    ${(probeMs / 1000).toFixed(1)} s, ${(known / 1000).toFixed(1)} ms`);
    rmSync(cache, { recursive: true });
  }
}
va.clean();
bare.clean();
