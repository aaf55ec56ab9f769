/* The software VA driver and the render node that is not there (tests/fixtures/va-software), for a
 * program of a test.
 *
 *   const va = softwareVa({ node: true, faults: 'init=error' });
 *   spawn(program, { env: { ...process.env, ...va.env } });
 *   va.setFaults('sync@30=error');      from now on; '' repairs it
 *   va.frames().at(-1).kbit;
 *   va.clean();
 *
 * Unless told otherwise the driver is "Mesa's": programs that are choosy about drivers take it. What
 * GStreamer remembers of drivers (GST_REGISTRY) and which device it takes is up to the program. */
import { mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

const FIXTURES = resolve(fileURLToPath(import.meta.url), '../../../build/va-software');

/** The render node that programs see with `node: true`. */
export const FAKE_NODE = '/dev/dri/renderD128';

const number = (text) => (/^-?\d+$/.test(text) ? Number(text) : text);

/* "frame pid=71 type=P ..." as {event: 'frame', pid: 71, type: 'P', ...}. */
function parse(line) {
  const [event, ...fields] = line.split(' ');
  return { event, ...Object.fromEntries(fields.map((field) => {
    const at = field.indexOf('=');
    return [field.slice(0, at), number(field.slice(at + 1))];
  })) };
}

const joined = (separator, ...parts) => parts.filter(Boolean).join(separator);

class SoftwareVa {
  /** For the program, over its own environment. */
  env;
  #directory = mkdtempSync(join(tmpdir(), 'helix-va-'));
  #faults = join(this.#directory, 'faults');
  #log = join(this.#directory, 'log');
  #cleanAtExit = () => this.clean();

  constructor({ node, faults }) {
    process.on('exit', this.#cleanAtExit);
    this.setFaults(faults);
    this.env = {
      LIBVA_DRIVERS_PATH: FIXTURES,
      LIBVA_DRIVER_NAME: 'softva',
      SOFTVA_FAULTS: this.#faults,
      SOFTVA_LOG: this.#log,
      ...(node && {
        LD_PRELOAD: joined(':', join(FIXTURES, 'fake_node.so'), process.env.LD_PRELOAD),
        /* ASan wants to be the first library, and need not be. */
        ASAN_OPTIONS: joined(':', process.env.ASAN_OPTIONS, 'verify_asan_link_order=0'),
      }),
    };
  }

  /** How the driver shall fail from its next call on (fault_text.h has the grammar); '' for not at
   * all. Faults that stay go on counting. */
  setFaults(text) {
    const next = join(this.#directory, 'faults.next');
    writeFileSync(next, `${text}\n`);
    renameSync(next, this.#faults);
  }

  /** What the file of faults says now: the driver adds "init=gone" when a device is gone. */
  get faults() {
    return readFileSync(this.#faults, 'utf8').trim();
  }

  /** What the driver logged so far, oldest first: {event, pid, ...} with the fields of log.h. */
  events(event) {
    let text = '';
    try {
      text = readFileSync(this.#log, 'utf8');
    } catch {
      return []; /* nothing yet */
    }
    return text.split('\n').filter(Boolean).map(parse).filter((e) => !event || e.event === event);
  }

  /** Every picture that was encoded: {pid, context, number, type, bytes, width, height, kbit, ...}. */
  frames() {
    return this.events('frame');
  }

  /** Take the files away. Also done at the end of this process. */
  clean() {
    process.off('exit', this.#cleanAtExit);
    rmSync(this.#directory, { recursive: true, force: true });
  }
}

/** Without `node` the program must find a way to VA by itself: X11, or a device of its own. */
export const softwareVa = ({ node = false, faults = '' } = {}) => new SoftwareVa({ node, faults });
