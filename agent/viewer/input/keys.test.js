import assert from 'node:assert/strict';
import test from 'node:test';
import { EVDEV } from './keys.js';

/* From linux/input-event-codes.h, one for each run of the table and both of its ends. */
const GOLDEN = {
  Escape: 1, Digit1: 2, Digit0: 11, Minus: 12, Tab: 15, KeyQ: 16, KeyP: 25, BracketLeft: 26,
  Enter: 28, ControlLeft: 29, KeyA: 30, KeyL: 38, Semicolon: 39, Backquote: 41, ShiftLeft: 42,
  Backslash: 43, KeyZ: 44, KeyM: 50, Comma: 51, ShiftRight: 54, NumpadMultiply: 55, AltLeft: 56,
  Space: 57, CapsLock: 58, F1: 59, F10: 68, NumLock: 69, ScrollLock: 70, Numpad7: 71,
  NumpadSubtract: 74, NumpadAdd: 78, Numpad1: 79, NumpadDecimal: 83, Lang5: 85,
  IntlBackslash: 86, F11: 87, F12: 88, IntlRo: 89, Lang3: 90, Convert: 92, KanaMode: 93,
  NonConvert: 94, NumpadEnter: 96, ControlRight: 97, NumpadDivide: 98, PrintScreen: 99,
  AltRight: 100, Home: 102, ArrowUp: 103, ArrowLeft: 105, ArrowRight: 106, ArrowDown: 108,
  Delete: 111, AudioVolumeMute: 113, AudioVolumeUp: 115, Power: 116, NumpadEqual: 117,
  Pause: 119, NumpadComma: 121, Lang1: 122, IntlYen: 124, MetaLeft: 125, MetaRight: 126,
  ContextMenu: 127, BrowserStop: 128, Copy: 133, Help: 138, LaunchApp2: 140, Sleep: 142,
  LaunchMail: 155, BrowserBack: 158, Eject: 161, MediaTrackNext: 163, MediaPlayPause: 164,
  MediaStop: 166, BrowserHome: 172, F13: 183, F24: 194, BrowserSearch: 217,
  BrightnessUp: 225, MediaSelect: 226,
};

test('every physical key has the code that the kernel gives it', () => {
  for (const [code, evdev] of Object.entries(GOLDEN))
    assert.equal(EVDEV.get(code), evdev, code);
});

test('every code fits KEY, and none is a mouse button', () => {
  assert.ok(EVDEV.size >= 155);

  for (const [code, evdev] of EVDEV)
    assert.ok(evdev >= 1 && evdev <= 767 && !(evdev >= 0x100 && evdev < 0x160), code);
});

test('two keys of a common keyboard never share a code', () => {
  const isCommon = (code) => code in GOLDEN || /^(Key[A-Z]$|Digit|F\d|Numpad\d)/.test(code);
  const common = [...EVDEV].filter(([code]) => isCommon(code));

  assert.equal(new Set(common.map(([, evdev]) => evdev)).size, common.length);
});
