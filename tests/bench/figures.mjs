/* The figures of a machine: start to first picture, pictures a second, CPU and memory of each
 * process, and where the milliseconds go, with a client that animates the whole screen.
 *
 *   node tests/bench/figures.mjs [mutter|gnome] [WxH...]
 *
 * Figures depend on the machine and on what else it does: compare those of one invocation. */
import { availableParallelism, loadavg } from 'node:os';
import { startAgent } from '../lib/agent.mjs';
import { connect, nowUs } from '../lib/client.mjs';
import { measureTree } from '../lib/processes.mjs';
import { testClient } from '../lib/testclient.mjs';

const [session = 'mutter', ...sizes] = process.argv.slice(2);
const SECONDS = Number(process.env.SECONDS ?? 8);
const CONTENT = process.env.CONTENT ?? 'scroll';

const percentile = (sorted, share) => sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))];
const ms = (us) => (us / 1000).toFixed(1);

async function figures(size) {
  const screen = testClient({ mode: 'animate', content: CONTENT });
  const startedUs = nowUs();
  const agent = await startAgent({ session, app: screen.command, size });
  const readyUs = nowUs();
  const viewer = await connect(agent, { ack: 'presented', keep: false });
  const key = await viewer.firstKeyFrame();
  const firstUs = nowUs();
  await screen.waitFor('configure');
  await viewer.nextVideo();
  const before = viewer.videos.length;
  const bytes = viewer.videoBytes;
  const beganUs = nowUs();
  const { cpu, processes } = await measureTree(agent.keeperPid, SECONDS * 1000);
  const seconds = (nowUs() - beganUs) / 1e6;
  const videos = viewer.videos.slice(before);
  const ages = videos.map(({ receivedUs, captureUs }) => receivedUs - captureUs).sort((a, b) => a - b);
  const status = await agent.status();

  console.log(`\n${session} ${size}, ${CONTENT}: load ${loadavg()[0].toFixed(2)} on ${availableParallelism()} cores`);
  console.log(`  ready ${ms(readyUs - startedUs)} ms; first picture at a viewer ${ms(firstUs - startedUs)} ms ` +
    `(captured ${status.first_picture_ms} ms after the agent's start); key frame ${key.bytes} bytes`);
  console.log(`  ${(videos.length / seconds).toFixed(1)} fps, ${((viewer.videoBytes - bytes) * 8 / seconds / 1e6).toFixed(2)} Mbit/s; ` +
    `captured to received p50 ${ms(percentile(ages, 0.5))} p99 ${ms(percentile(ages, 0.99))} ms`);
  const legs = Object.entries(status.stream.legs_us)
    .map(([name, { p50, p99 }]) => `${name} ${ms(p50)}/${ms(p99)}`).join('  ');
  console.log(`  legs p50/p99 ms: ${legs}`);
  for (const [name, percent] of Object.entries(cpu.byName).sort((a, b) => b[1] - a[1])) {
    const pss = processes.filter((p) => p.name === name).reduce((sum, p) => sum + p.pssBytes, 0);
    if (percent >= 0.1 || pss > 4e6) console.log(`  ${name.padEnd(18)} ${percent.toFixed(1).padStart(6)} % CPU  ${(pss / 1e6).toFixed(0).padStart(5)} MB PSS`);
  }
  await viewer.close();
  await agent.stop();
  screen.clean();
}

for (const size of sizes.length ? sizes : ['1280x720', '1920x1080']) await figures(size);
