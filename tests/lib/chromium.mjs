/* The page in a real Chromium.
 *
 *   const browser = await launchChromium();
 *   const page = await openPage(browser, agent);            live, and showing pictures
 *   readCounter(await readPicture(page, HEAD));
 *   await browser.close();
 *
 *   CHROMIUM   another program than /usr/bin/chromium */
import { chromium } from 'playwright-core';
import { strokes } from './keyboard.mjs';

const DEADLINE_MS = 20000;
const SHOWN = '#stage video, #stage canvas:not(#pointer)';
const ARGUMENTS = [
  '--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run',
  '--disable-background-networking', '--disable-component-update', '--disable-sync',
  '--autoplay-policy=no-user-gesture-required',
];

/** `trust`: an http:// origin to be treated like loopback, where WebCodecs works. */
export async function launchChromium({ args = [], headless = true, trust } = {}) {
  return chromium.launch({
    executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium',
    headless,
    args: [...ARGUMENTS, ...args,
      ...(trust ? [`--unsafely-treat-insecure-origin-as-secure=${trust}`] : [])],
  });
}

/** The agent's URL with options of the page: {player: 'mse', resize: 'off'}. */
export function pageUrl(agent, query = {}) {
  const url = new URL(agent.url);
  for (const [name, value] of Object.entries(query)) url.searchParams.set(name, value);
  return url.href;
}

/** Open the page; page.problems collects its uncaught errors and console errors. With `live` (the
 * default) resolves when it shows pictures.
 *
 * query       options of the page
 * viewport    {width, height} in CSS pixels, 1280x720
 * context     further options of playwright's newContext, e.g. {deviceScaleFactor: 2} */
export async function openPage(browser, agent, options = {}) {
  const { query, viewport = { width: 1280, height: 720 }, context = {}, live = true } = options;
  const page = await (await browser.newContext({ viewport, ...context })).newPage();
  page.problems = [];
  page.on('pageerror', (error) => page.problems.push(error.stack ?? error.message));
  page.on('console', (message) => {
    if (message.type() === 'error') page.problems.push(message.text());
  });
  await page.goto(pageUrl(agent, query));
  if (live) await waitForLive(page, options.deadlineMs);
  return page;
}

/** Until window.helix is live and has presented more than `frames` pictures. */
export async function waitForLive(page, deadlineMs = DEADLINE_MS, frames = 0) {
  try {
    await page.waitForFunction(
      (shown) => window.helix?.state === 'live' && window.helix.framesPresented > shown, frames,
      { timeout: deadlineMs });
  } catch (error) {
    const { state, framesPresented } = await helixState(page);
    error.message += `\nstate ${state}, ${framesPresented} frames presented` +
      `\n${page.problems?.join('\n') ?? ''}`;
    throw error;
  }
}

/** The plain values of window.helix. */
export async function helixState(page) {
  return page.evaluate(() => {
    const plain = {};
    for (const name in window.helix) {
      const value = window.helix[name];
      if (value === null || ['string', 'number', 'boolean'].includes(typeof value))
        plain[name] = value;
    }
    const { state, framesPresented } = window.helix ?? {};
    return { state, framesPresented, ...plain };
  });
}

/** What the player shows now, at the stream's own size, as picture.mjs reads it; with `width` and
 * `height` only its upper left part, which is much quicker. */
export async function readPicture(page, { width, height, selector = SHOWN } = {}) {
  const shown = await page.evaluate(async ({ selector, width, height }) => {
    const area = (element) => element.clientWidth * element.clientHeight;
    const [element] = [...document.querySelectorAll(selector)].sort((a, b) => area(b) - area(a));
    if (!element) throw new Error(`the page has no ${selector}`);
    const size = {
      width: width ?? element.videoWidth ?? element.width,
      height: height ?? element.videoHeight ?? element.height,
    };
    const canvas = new OffscreenCanvas(size.width, size.height);
    const context = canvas.getContext('2d', { willReadFrequently: true });
    context.drawImage(element, 0, 0);
    const { data } = context.getImageData(0, 0, size.width, size.height);
    const url = await new Promise((resolve) => {
      const reader = new FileReader();
      reader.onload = () => resolve(reader.result);
      reader.readAsDataURL(new Blob([data]));
    });
    return { ...size, base64: url.slice(url.indexOf(',') + 1) };
  }, { selector, width, height });
  return { width: shown.width, height: shown.height, channels: 4,
    data: Buffer.from(shown.base64, 'base64') };
}

/* What a key is called in a browser: KeyboardEvent.code by evdev code, for those that type. */
const ROWS = [
  [2, 'Digit1 Digit2 Digit3 Digit4 Digit5 Digit6 Digit7 Digit8 Digit9 Digit0 Minus Equal'],
  [16, 'KeyQ KeyW KeyE KeyR KeyT KeyY KeyU KeyI KeyO KeyP BracketLeft BracketRight Enter'],
  [30, 'KeyA KeyS KeyD KeyF KeyG KeyH KeyJ KeyK KeyL Semicolon Quote Backquote ShiftLeft Backslash'],
  [44, 'KeyZ KeyX KeyC KeyV KeyB KeyN KeyM Comma Period Slash'],
  [57, 'Space'],
];
const BROWSER_CODES = new Map(ROWS.flatMap(([from, names]) =>
  names.split(' ').map((name, i) => [from + i, name])));

/** Type with the keys of a US keyboard, each pressed and let go in the page. */
export async function typeByKeys(page, text) {
  for (const { code, down } of strokes(text)) {
    const name = BROWSER_CODES.get(code);
    await (down ? page.keyboard.down(name) : page.keyboard.up(name));
  }
}
