/* Processes as /proc has them: who is whose child, what they cost, what is left of them.
 *
 * A process is {pid, ppid, name, state, startTicks, cpuSeconds, commandLine}; `name` is the last
 * part of argv[0], because the kernel cuts its own name after 15 bytes. pid and startTicks together
 * name one process for ever. */
import { readFileSync, readdirSync, readlinkSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';

/* USER_HZ: 100 on every Linux that we run on, whatever CONFIG_HZ is. */
const TICKS_PER_SECOND = 100;

const read = (pid, file) => {
  try {
    return readFileSync(`/proc/${pid}/${file}`);
  } catch {
    return null; /* it ended, or is somebody else's */
  }
};

/** One process, or null when there is none. */
export function processInfo(pid) {
  const stat = read(pid, 'stat')?.toString();
  if (!stat) return null;
  /* The kernel's name is in parentheses and may hold any character, also these. */
  const end = stat.lastIndexOf(')');
  const fields = stat.slice(end + 2).split(' ');
  const argv = (read(pid, 'cmdline') ?? '').toString().split('\0').filter(Boolean);
  return {
    pid,
    ppid: Number(fields[1]),
    name: argv[0]?.split('/').pop() || stat.slice(stat.indexOf('(') + 1, end),
    state: fields[0],
    startTicks: Number(fields[19]),
    cpuSeconds: (Number(fields[11]) + Number(fields[12])) / TICKS_PER_SECOND,
    commandLine: argv.join(' '),
  };
}

/** All that can be seen, without zombies: those have ended. */
export function allProcesses() {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map((name) => processInfo(Number(name)))
    .filter((info) => info && info.state !== 'Z' && info.state !== 'X');
}

/** The children of `pid`, theirs, and so on; not `pid` itself. Parents come before children. */
export function descendants(pid, processes = allProcesses()) {
  const found = [];
  const parents = [pid];
  for (const parent of parents)
    for (const info of processes)
      if (info.ppid === parent && info.pid !== parent) {
        found.push(info);
        parents.push(info.pid);
      }
  return found;
}

/** Those that were started with this variable of the environment. */
export function withEnvironment(name, value) {
  const wanted = `${name}=${value}`;
  return allProcesses().filter(({ pid }) =>
    (read(pid, 'environ') ?? '').toString().split('\0').includes(wanted));
}

const pidNamespace = (pid) => {
  try {
    return readlinkSync(`/proc/${pid}/ns/pid`);
  } catch {
    return null;
  }
};

/** The others in its PID namespace: all that an init of its own started. */
export function besides(pid) {
  const namespace = pidNamespace(pid);
  return namespace ? allProcesses().filter((info) => info.pid !== pid && pidNamespace(info.pid) === namespace) : [];
}

/** Whether this very process still runs. */
export function isAlive({ pid, startTicks }) {
  const info = processInfo(pid);
  return info !== null && info.startTicks === startTicks && !'ZX'.includes(info.state);
}

/** Proportional set size in bytes, which may be added up over processes; 0 when it ended. */
export function pssBytes(pid) {
  const kib = read(pid, 'smaps_rollup')?.toString().match(/^Pss:\s+(\d+) kB/m)?.[1];
  return Number(kib ?? 0) * 1024;
}

/** What `pid` and its descendants have cost so far: {atMs, processes: [{...info, pssBytes}],
 * cpuSeconds, pssBytes}. PSS takes the kernel milliseconds for each; `memory: false` skips it. */
export function sampleTree(pid, { memory = true } = {}) {
  const all = allProcesses();
  const tree = [...all.filter((info) => info.pid === pid), ...descendants(pid, all)];
  const processes = tree.map((info) => ({ ...info, pssBytes: memory ? pssBytes(info.pid) : 0 }));
  const sum = (field) => processes.reduce((total, info) => total + info[field], 0);
  return {
    atMs: performance.now(),
    processes,
    cpuSeconds: sum('cpuSeconds'),
    pssBytes: sum('pssBytes'),
  };
}

/** CPU between two samples, in percent of one core: {total, byName: {name: percent}}. A process
 * that came in between counts from its start; one that went counts for nothing. */
export function cpuPercent(before, after) {
  const seconds = (after.atMs - before.atMs) / 1000;
  const key = ({ pid, startTicks }) => `${pid}/${startTicks}`;
  const old = new Map(before.processes.map((info) => [key(info), info.cpuSeconds]));
  const byName = {};
  let total = 0;
  for (const info of after.processes) {
    const percent = ((info.cpuSeconds - (old.get(key(info)) ?? 0)) / seconds) * 100;
    byName[info.name] = (byName[info.name] ?? 0) + percent;
    total += percent;
  }
  return { total, byName };
}

/** Watch the tree of `pid` for a while: {cpu: as cpuPercent, pssBytes, processes} at its end. */
export async function measureTree(pid, durationMs) {
  const before = sampleTree(pid, { memory: false });
  await delay(durationMs);
  const middle = sampleTree(pid, { memory: false });
  const { pssBytes: pss, processes } = sampleTree(pid);
  return { cpu: cpuPercent(before, middle), pssBytes: pss, processes };
}
