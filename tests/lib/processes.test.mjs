import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { after, test } from 'node:test';
import {
  cpuPercent, descendants, isAlive, measureTree, processInfo, pssBytes, sampleTree, withEnvironment,
} from './processes.mjs';
import { until } from './until.mjs';

/* A shell with a sleeping child and, when asked, a busy one. */
const started = [];
function tree(script, env = {}) {
  const child = spawn('sh', ['-c', script], { stdio: 'ignore', env: { ...process.env, ...env } });
  started.push(child);
  return child;
}
after(() => {
  for (const child of started) {
    for (const { pid } of descendants(child.pid)) process.kill(pid, 'SIGKILL');
    child.kill('SIGKILL');
  }
});

test('descendants are found, and named by their argv', async () => {
  const shell = tree('sleep 600 & wait');

  const child = await until('the child has its arguments',
    () => descendants(shell.pid).find(({ commandLine }) => commandLine === 'sleep 600'));

  assert.equal(child.ppid, shell.pid);
  assert.equal(child.name, 'sleep');
});

test('a process is found by a variable of its environment', async () => {
  const shell = tree('sleep 600 & wait', { HELIX_TEST_MARK: 'here' });

  await until('both are there', () => withEnvironment('HELIX_TEST_MARK', 'here').length === 2);

  assert.ok(withEnvironment('HELIX_TEST_MARK', 'here').some(({ pid }) => pid === shell.pid));
  assert.deepEqual(withEnvironment('HELIX_TEST_MARK', 'her'), []);
});

test('a process that ended is not alive, even if its number is taken', () => {
  const self = processInfo(process.pid);

  assert.ok(isAlive(self));
  assert.ok(!isAlive({ ...self, startTicks: self.startTicks - 1 }));
});

test('memory is counted in bytes', () => {
  const { rss } = process.memoryUsage();

  assert.ok(pssBytes(process.pid) > rss / 10 && pssBytes(process.pid) < rss * 2);
});

test('a busy child shows up by name, a sleeping tree costs nothing', async () => {
  const busy = await measureTree(tree('while :; do :; done & wait').pid, 400);
  const idle = await measureTree(tree('sleep 600 & wait').pid, 400);

  assert.ok(busy.cpu.byName.sh > 10, `${busy.cpu.byName.sh} %`);
  assert.ok(idle.cpu.total < 5, `${idle.cpu.total} %`);
});

test('CPU is the difference of two samples over their time', () => {
  const at = (atMs, cpuSeconds) => ({ atMs,
    processes: [{ pid: 1, startTicks: 2, name: 'a', cpuSeconds }] });

  assert.deepEqual(cpuPercent(at(0, 1), at(2000, 2)), { total: 50, byName: { a: 50 } });
});

test('the sample of a tree has its root in it', () => {
  assert.ok(sampleTree(process.pid).processes.some(({ pid }) => pid === process.pid));
});
