/* The way of a picture through the real agent: what is sent decodes to what was shown, late viewers
 * see it at once, and a desktop at rest costs nothing. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { startAgent } from '../lib/agent.mjs';
import { connect, nowUs, sp } from '../lib/client.mjs';
import { decode, decodeLast } from '../lib/decode.mjs';
import { counterDistance, readCounter, wrongPatches } from '../lib/picture.mjs';
import { cpuPercent, sampleTree } from '../lib/processes.mjs';
import { testClient } from '../lib/testclient.mjs';

/* With sanitizers what it costs is another thing; that nothing moves is seen sooner. */
const REST_MS = process.env.BRIEF ? 5000 : 20000;

const delay = (ms) => new Promise((resolve) => {
  setTimeout(resolve, ms);
});

describe('an animated desktop', () => {
  const screen = testClient({ mode: 'animate', content: 'scroll', fps: 30 });
  let agent;
  before(async () => {
    agent = await startAgent({ app: screen.command, name: 'stream' });
    await screen.waitFor('configure');
  });
  after(async () => {
    await agent.stop();
    screen.clean();
  });

  test('decodes strictly, every frame, to pictures that only move forward', async () => {
    const viewer = await connect(agent);
    const key = await viewer.firstKeyFrame();
    await viewer.waitFor('60 frames', () => viewer.videos.length >= 60);
    const run = viewer.run(key);
    const counters = [];
    const { count } = await decode(run, { ...viewer.streams.get(key.config),
      onPicture: (picture) => counters.push(readCounter(picture)) });

    assert.equal(count, run.length);
    assert.deepEqual(viewer.gaps, []);
    const shown = counters.filter((n) => n !== null);
    assert.ok(shown.length > run.length / 2, `${shown.length} of ${run.length} show the client`);
    for (let i = 1; i < shown.length; i++)
      assert.ok(counterDistance(shown[i - 1], shown[i]) >= 0, `${shown[i - 1]} then ${shown[i]}`);
    await viewer.close();
  });

  test('says in every SPS that pictures are not reordered, and in STREAM what the SPS says', async () => {
    const directory = mkdtempSync(join(tmpdir(), 'helix-sps-'));
    const file = join(directory, 'stream.h264');
    const viewer = await connect(agent, { recordTo: file });
    await viewer.firstKeyFrame();
    const second = viewer.nextKeyFrame();
    viewer.requestKeyFrame();
    await second;
    await viewer.close();
    /* execFileSync shows stderr only where it fails, and that is where trace_headers writes. */
    const trace = execFileSync('sh', ['-c',
      `ffmpeg -hide_banner -i '${file}' -c copy -bsf:v trace_headers -f null - 2>&1`]).toString();
    rmSync(directory, { recursive: true });

    const values = (name) => [...trace.matchAll(new RegExp(`\\s${name}\\s.*= (\\d+)`, 'g'))].map((m) => m[1]);
    assert.ok(values('max_num_reorder_frames').length >= 2);
    assert.deepEqual(new Set(values('max_num_reorder_frames')), new Set(['0']));
    assert.deepEqual(new Set(values('bitstream_restriction_flag')), new Set(['1']));
    const { codecString, primaries, transfer, matrix, fullRange } = viewer.stream;
    const hex = (name) => Number(values(name)[0]).toString(16).padStart(2, '0').toUpperCase();
    assert.ok(codecString.startsWith(`avc1.${hex('profile_idc')}`), codecString);
    assert.ok(codecString.endsWith(hex('level_idc')), codecString);
    assert.deepEqual([primaries, transfer, matrix].map(String),
      ['colour_primaries', 'transfer_characteristics', 'matrix_coefficients'].map((n) => values(n)[0]));
    assert.equal(fullRange, 0);
  });

  test('shows a viewer that joins late its first picture at once', async () => {
    const first = await connect(agent);
    await first.firstKeyFrame();
    const startUs = nowUs();
    const late = await connect(agent);
    const key = await late.firstKeyFrame();

    assert.equal(late.videos[0], key, 'the first frame must be a key frame');
    assert.equal(key.frame, 0);
    assert.ok(key.receivedUs - startUs < 300_000, `${(key.receivedUs - startUs) / 1000} ms`);
    await late.close();
    await first.close();
  });

  test('sends STREAM before the first picture of every size', async () => {
    const viewer = await connect(agent, { hello: { widthPx: 1024, heightPx: 600 } });
    await viewer.waitFor('1024x600', () => viewer.stream?.widthPx === 1024 && viewer.stream.heightPx === 600);
    viewer.resize(1366, 768);
    const video = await viewer.waitFor('1366x768', () => {
      const last = viewer.videos.at(-1);
      const stream = last && viewer.streams.get(last.config);
      return stream?.widthPx === 1366 && stream.heightPx === 768 && last;
    });
    const firstOfSize = viewer.videos.find(({ config }) => config === video.config);

    assert.ok(firstOfSize.isKey);
    const picture = await decodeLast(viewer.run(firstOfSize), viewer.streams.get(video.config));
    assert.equal(picture.width, 1366);
    viewer.resize(1280, 720);
    await viewer.waitFor('1280x720', () => viewer.stream.widthPx === 1280);
    await viewer.close();
  });

  test('sends nothing to a viewer that paused, and a key frame when it goes on', async () => {
    const viewer = await connect(agent);
    await viewer.firstKeyFrame();
    viewer.pause();
    await viewer.ping();
    const { length } = viewer.videos;
    const other = await connect(agent);
    await other.waitFor('10 frames', () => other.videos.length >= 10);
    await viewer.ping();

    assert.ok(viewer.videos.length - length <= 1, 'one frame may have been under way');
    viewer.resume();
    const next = await viewer.nextVideo();
    assert.ok(next.isKey);
    assert.deepEqual(viewer.gaps, []);
    await other.close();
    await viewer.close();
  });

  test('never has more than a few frames under way to a viewer that does not ACK', async () => {
    const viewer = await connect(agent, { ack: 'none' });
    await viewer.firstKeyFrame();
    const other = await connect(agent);
    await other.waitFor('20 frames', () => other.videos.length >= 20);

    assert.ok(viewer.videos.length <= 3, `${viewer.videos.length} frames`);
    await other.close();
    await viewer.close();
  });

  test('counts what it does in /metrics', async () => {
    const viewer = await connect(agent);
    const earlier = await agent.metrics();
    await viewer.waitFor('20 frames', () => viewer.videos.length >= 20);
    const later = await agent.metrics();

    assert.ok(later.get('helix_frames_total') - earlier.get('helix_frames_total') >= 15);
    assert.ok(later.get('helix_bytes_total') > earlier.get('helix_bytes_total'));
    assert.equal(later.get('helix_viewers'), 1);
    assert.ok(later.get('helix_leg_seconds_count{leg="encode"}') > 0);
    assert.equal(later.get('helix_leg_seconds_bucket{leg="encode",le="+Inf"}'),
      later.get('helix_leg_seconds_count{leg="encode"}'));
    await viewer.close();
  });
});

describe('a desktop at rest', () => {
  const screen = testClient({ mode: 'static' });
  let agent;
  before(async () => {
    agent = await startAgent({ app: screen.command, name: 'rest' });
    await screen.waitFor('configure');
  });
  after(async () => {
    await agent.stop();
    screen.clean();
  });

  const rested = async (viewer) => {
    /* The burst that sharpens the picture ends when there were no frames for half a second. */
    for (let seen = -1; seen !== viewer.videos.length;) {
      seen = viewer.videos.length;
      await delay(700);
    }
  };

  test('is sharpened, and then costs no video byte and no CPU', async () => {
    const viewer = await connect(agent);
    await viewer.firstKeyFrame();
    await rested(viewer);
    const { length } = viewer.videos;
    const own = ({ name }) => name === 'helix-agent' || name === 'helix-encoder';
    const sample = () => {
      const all = sampleTree(agent.keeperPid, { memory: false });
      return { ...all, processes: all.processes.filter(own) };
    };
    const start = sample();
    await delay(REST_MS);
    const cpu = cpuPercent(start, sample());

    assert.equal(viewer.videos.length, length);
    assert.ok(length > 1, 'the picture was sharpened');
    assert.ok(cpu.total < 1, `agent and encoder took ${cpu.total.toFixed(2)} % of a core`);
    await viewer.close();
  });

  test('has the very colours of its programs', async () => {
    const viewer = await connect(agent);
    const key = await viewer.firstKeyFrame();
    await rested(viewer);
    const picture = await decodeLast(viewer.run(key), viewer.streams.get(key.config));

    assert.deepEqual(wrongPatches(picture, 4), []);
    await viewer.close();
  });

  test('shows a late viewer the picture though nothing changes any more', async () => {
    const startUs = nowUs();
    const viewer = await connect(agent);
    const key = await viewer.firstKeyFrame();

    assert.ok(key.receivedUs - startUs < 300_000, `${(key.receivedUs - startUs) / 1000} ms`);
    await viewer.close();
  });

  test('sends the cursor as a shape once, and then as positions', async () => {
    const viewer = await connect(agent);
    await viewer.firstKeyFrame();
    viewer.move(300, 300);
    await viewer.waitFor('the cursor at 300,300', () =>
      viewer.cursorPosition?.id && viewer.cursorPosition.xPx === 300 && viewer.cursorPosition.yPx === 300);
    const shapes = viewer.counts.cursorShape;
    viewer.move(310, 320);
    await viewer.waitFor('the cursor at 310,320', () => viewer.cursorPosition.xPx === 310);

    assert.ok(viewer.cursorShapes.has(viewer.cursorPosition.id));
    assert.equal(viewer.counts.cursorShape, shapes);
    await viewer.close();
  });

  test('answers HELLO with what it can do', async () => {
    const viewer = await connect(agent);

    assert.equal(viewer.welcome.version, sp.VERSION);
    assert.equal(viewer.welcome.role, sp.Role.CONTROL);
    assert.ok(viewer.welcome.features & sp.Feature.INPUT);
    assert.ok(Math.abs((await viewer.ping()).offsetUs) < 50_000);
    await viewer.close();
  });
});

describe('the pointer', () => {
  const pointerIn = async (app) => {
    const agent = await startAgent({ app, name: 'pointer' });
    return { agent, viewer: await connect(agent) };
  };
  const isAt = ({ cursorPosition: at }, x, y) => at?.xPx === x && at.yPx === y;

  test('is to be seen over a desktop where no program has given it a shape', async () => {
    const { agent, viewer } = await pointerIn();
    await viewer.firstKeyFrame();

    viewer.move(300, 200);
    await viewer.waitFor('the pointer', () => isAt(viewer, 300, 200) && viewer.cursorPosition.id);
    const { rgba } = viewer.cursorShapes.get(viewer.cursorPosition.id);
    assert.ok(rgba.some((byte) => byte === 255), 'the shape has something to be seen');

    await agent.stop();
  });

  test('is hidden where a program wants none', async () => {
    const screen = testClient({ mode: 'static', hidePointer: true });
    const { agent, viewer } = await pointerIn(screen.command);
    await screen.waitForInput(viewer);

    viewer.move(300, 200);
    await viewer.waitFor('no pointer', () =>
      isAt(viewer, 300, 200) && viewer.cursorPosition.id === 0);

    await agent.stop();
    screen.clean();
  });
});
