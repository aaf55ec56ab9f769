/* KeyboardEvent.code to linux/input-event-codes.h: the physical key, whatever is printed on it. The
 * desktop's own layout decides what it types. */

const run = (codes, first) => codes.split(' ').map((code, i) => [code, first + i]);
const letters = (row, first) => run([...row].map((letter) => `Key${letter}`).join(' '), first);

export const EVDEV = new Map([
  ...run('Escape Digit1 Digit2 Digit3 Digit4 Digit5 Digit6 Digit7 Digit8 Digit9 Digit0', 1),
  ...run('Minus Equal Backspace Tab', 12),
  ...letters('QWERTYUIOP', 16),
  ...run('BracketLeft BracketRight Enter ControlLeft', 26),
  ...letters('ASDFGHJKL', 30),
  ...run('Semicolon Quote Backquote ShiftLeft Backslash', 39),
  ...letters('ZXCVBNM', 44),
  ...run('Comma Period Slash ShiftRight NumpadMultiply AltLeft Space CapsLock', 51),
  ...run('F1 F2 F3 F4 F5 F6 F7 F8 F9 F10 NumLock ScrollLock', 59),
  ...run('Numpad7 Numpad8 Numpad9 NumpadSubtract Numpad4 Numpad5 Numpad6 NumpadAdd', 71),
  ...run('Numpad1 Numpad2 Numpad3 Numpad0 NumpadDecimal', 79),
  ...run('Lang5 IntlBackslash F11 F12 IntlRo Lang3 Lang4 Convert KanaMode NonConvert', 85),
  ...run('NumpadEnter ControlRight NumpadDivide PrintScreen AltRight', 96),
  ...run('Home ArrowUp PageUp ArrowLeft ArrowRight End ArrowDown PageDown Insert Delete', 102),
  ...run('AudioVolumeMute AudioVolumeDown AudioVolumeUp Power NumpadEqual', 113),
  ['Pause', 119],
  ...run('NumpadComma Lang1 Lang2 IntlYen MetaLeft MetaRight ContextMenu BrowserStop', 121),
  ...run('Again Props Undo Select Copy Open Paste Find Cut Help', 129),
  ['LaunchApp2', 140],
  ...run('Sleep WakeUp', 142),
  ['LaunchApp1', 144],
  ...run('LaunchMail BrowserFavorites', 155),
  ...run('BrowserBack BrowserForward', 158),
  ['Eject', 161],
  ...run('MediaTrackNext MediaPlayPause MediaTrackPrevious MediaStop MediaRecord MediaRewind', 163),
  ...run('BrowserHome BrowserRefresh', 172),
  ...run('NumpadParenLeft NumpadParenRight', 179),
  ...run('F13 F14 F15 F16 F17 F18 F19 F20 F21 F22 F23 F24', 183),
  ...run('MediaPlay MediaFastForward', 207),
  ['BrowserSearch', 217],
  ...run('BrightnessDown BrightnessUp MediaSelect DisplayToggleIntExt', 224),
  ...run('MailSend MailReply MailForward Save', 231),
  ['MicrophoneMuteToggle', 248],
  /* Rare keys, and names that some browsers use for keys above. */
  ['Exit', 174], ['New', 181], ['Redo', 182], ['Close', 206], ['Print', 210],
  ['ShowAllWindows', 120], ['ZoomToggle', 372], ['KeyboardLayoutSelect', 374],
  ['NumpadBackspace', 14], ['NumpadClear', 355], ['NumpadStar', 522], ['NumpadHash', 523],
  ['OSLeft', 125], ['OSRight', 126], ['VolumeMute', 113], ['VolumeDown', 114], ['VolumeUp', 115],
  ['LaunchCalculator', 140], ['LaunchMyComputer', 144], ['LaunchMediaPlayer', 226],
  ['LaunchScreenSaver', 581],
]);
