/* A slow link on one machine: the agent in a network namespace, behind a router of its own.
 *
 *	agent's namespace  ->  router's namespace  ->  here
 *	  link.address          tbf: rate, buffer       link.viewerAddress
 *
 *   const link = slowLink({ rate: '5mbit', bufferBytes: 500_000 });
 *   const agent = await startAgent({ ...link.agentOptions });
 *   const viewer = await connect(agent, { host: link.address });
 *   ...
 *   await agent.stop(); link.remove();
 *
 * Only what the agent sends is slowed down. The queue stands in the router, not in the agent's own
 * kernel, which would tell TCP to stop. Needs root, ip and tc; adds no delay of its own, because
 * sch_netem is missing on too many machines. */
import { execFileSync } from 'node:child_process';

const MAX_LINKS = 254;
/* Of the token bucket: a few packets, so that the rate holds from the first millisecond on. */
const BURST = '16kb';

function run(program, ...words) {
  return execFileSync(program, words, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] });
}

/** null where slowLink() works, else why it does not: a reason to skip a test. */
export function whyNoSlowLink() {
  if (process.getuid() !== 0) return 'a slow link takes root';
  try {
    slowLink({}).remove();
    return null;
  } catch (error) {
    return `no slow link: ${(error.stderr || error.message).trim()}`;
  }
}

class SlowLink {
  #agentSpace;
  #routerSpace;
  #device;
  #shape;
  #removeAtExit = () => this.remove();

  constructor(number, shape) {
    this.#device = `helix${number}`;
    this.#agentSpace = `helix-agent-${number}`;
    this.#routerSpace = `helix-router-${number}`;
    this.#shape = shape;
    this.address = `10.213.${number}.1`;
    this.viewerAddress = `10.213.${number}.6`;
    process.on('exit', this.#removeAtExit);
    try {
      this.#build(`10.213.${number}`);
    } catch (error) {
      this.remove();
      throw error;
    }
  }

  /** For startAgent(). */
  get agentOptions() {
    return { prefix: ['ip', 'netns', 'exec', this.#agentSpace], listen: `${this.address}:0`,
      args: ['--allow-remote'] };
  }

  /** Another rate or buffer from now on. */
  change(shape) {
    Object.assign(this.#shape, shape);
    this.#tbf('change');
  }

  /** Counters of the bottleneck: {bytes, packets, drops, backlog}; backlog: bytes that wait. */
  stats() {
    const [qdisc] = JSON.parse(
      run('tc', '-n', this.#routerSpace, '-s', '-j', 'qdisc', 'show', 'dev', 'out'));
    const { bytes, packets, drops, backlog } = qdisc;
    return { bytes, packets, drops, backlog };
  }

  /** Take everything away. May be called again. */
  remove() {
    process.off('exit', this.#removeAtExit);
    for (const words of [['link', 'del', this.#device], ['netns', 'del', this.#agentSpace],
      ['netns', 'del', this.#routerSpace]])
      try {
        run('ip', ...words);
      } catch {
        /* it never came to be, or went with its peer */
      }
  }

  #build(net) {
    const agent = (...words) => run('ip', '-n', this.#agentSpace, ...words);
    const router = (...words) => run('ip', '-n', this.#routerSpace, ...words);
    run('ip', 'netns', 'add', this.#agentSpace);
    run('ip', 'netns', 'add', this.#routerSpace);
    agent('link', 'add', 'out', 'type', 'veth', 'peer', 'name', 'in', 'netns', this.#routerSpace);
    run('ip', 'link', 'add', this.#device, 'type', 'veth', 'peer', 'name', 'out', 'netns',
      this.#routerSpace);

    agent('addr', 'add', `${net}.1/30`, 'dev', 'out');
    router('addr', 'add', `${net}.2/30`, 'dev', 'in');
    router('addr', 'add', `${net}.5/30`, 'dev', 'out');
    run('ip', 'addr', 'add', `${net}.6/30`, 'dev', this.#device);
    agent('link', 'set', 'lo', 'up');
    agent('link', 'set', 'out', 'up');
    router('link', 'set', 'in', 'up');
    router('link', 'set', 'out', 'up');
    run('ip', 'link', 'set', this.#device, 'up');

    agent('route', 'add', 'default', 'via', `${net}.2`);
    run('ip', 'route', 'add', `${net}.0/30`, 'via', `${net}.5`);
    this.#set(this.#routerSpace, 'ip_forward', 1);
    this.#set(this.#agentSpace, 'tcp_congestion_control', this.#shape.congestion);
    this.#tbf('add');
  }

  #set(space, name, value) {
    run('ip', 'netns', 'exec', space, 'sh', '-c', `echo ${value} > /proc/sys/net/ipv4/${name}`);
  }

  #tbf(verb) {
    const { rate, bufferBytes } = this.#shape;
    run('tc', '-n', this.#routerSpace, 'qdisc', verb, 'dev', 'out', 'root', 'tbf', 'rate', rate,
      'burst', BURST, 'limit', String(bufferBytes));
  }
}

/** The numbers of links that exist, of this and of other runs. */
function taken() {
  return new Set(run('ip', '-br', 'link').match(/^helix\d+(?=@)/gm) ?? []);
}

/** A link with a bottleneck of `rate` (as tc writes it) and a buffer in front of it. `congestion`
 * is what the agent's TCP does. reno fills the buffer, as cubic, nearly everybody's, does; but
 * unlike cubic every kernel allows it in a namespace. bbr keeps the buffer nearly empty. */
export function slowLink({ rate = '5mbit', bufferBytes = 500_000, congestion = 'reno' } = {}) {
  const first = process.pid % MAX_LINKS;
  const used = taken();
  for (let i = 0; i < MAX_LINKS; i++) {
    const number = 1 + (first + i) % MAX_LINKS;
    if (!used.has(`helix${number}`)) return new SlowLink(number, { rate, bufferBytes, congestion });
  }
  throw new Error('all numbers for links are taken');
}
