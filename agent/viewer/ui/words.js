/* What the page says, in plain words. Codes are stable; the texts of the agent are for detail. */
import { Bye, Notice } from '../protocol.js';

const NOTICES = {
  [Notice.SESSION_STARTING]: { title: 'Starting the desktop' },
  [Notice.SESSION_RESTARTING]: { title: 'The desktop is restarting' },
  [Notice.SESSION_FAILED]: { title: 'The desktop does not start', withText: true },
  [Notice.ENCODER_RESTARTING]: { title: 'The picture will be back in a moment' },
  [Notice.ENCODER_FAILED]: { title: 'The picture cannot be encoded', withText: true },
  [Notice.ENCODER_FALLBACK]: {
    title: 'Another video encoder took over', withText: true, brief: true,
  },
  [Notice.WAITING_FOR_PERMISSION]: {
    title: 'Waiting for permission',
    detail: 'Somebody at the desktop must allow the screen to be shared.',
  },
  [Notice.INPUT_UNAVAILABLE]: {
    title: 'Keyboard and mouse do not reach the desktop', withText: true, brief: true,
  },
};

/* {title, detail, brief}: brief ones go away by themselves. */
export function noticeWords(code, text) {
  const words = NOTICES[code];
  if (!words)
    return { title: text, detail: '', brief: true };
  return {
    title: words.title,
    detail: words.withText ? text : words.detail ?? '',
    brief: words.brief ?? false,
  };
}

/* Why the page waits before it tries again: one line. */
export function waitingWords({ bye, status }, wasConnected) {
  switch (bye) {
  case Bye.SHUTDOWN:
    return 'Helix was stopped. Waiting for it to come back.';
  case Bye.FULL:
    return 'Too many people are watching. Trying again in a moment.';
  case Bye.RATE:
  case Bye.PROTOCOL:
    return 'The connection was closed by the desktop. Trying again.';
  }
  if (status === 503)
    return 'Too many people are watching. Trying again in a moment.';
  if (status >= 400)
    return `The desktop answered with an error (${status}). Trying again.`;
  /* The key is right, and still there is no WebSocket. */
  if (status >= 200)
    return 'The desktop did not let this page in: too many are watching, or it does not ' +
      'know this address.';
  return wasConnected ? 'Connection lost. Reconnecting.' : 'No answer yet. Trying again.';
}

/* Why the page does not try again: {title, detail, button}. */
export function refusalWords({ bye, status, text }) {
  switch (bye) {
  case Bye.NORMAL:
    return { title: 'The session has ended', detail: '', button: 'Connect again' };
  case Bye.REPLACED:
    return {
      title: 'Opened somewhere else',
      detail: 'This desktop is now shown in another window.', button: 'Use it here',
    };
  case Bye.VERSION:
    return {
      title: 'Helix was updated', detail: 'This page is from another version.',
      button: 'Load it again', reload: true,
    };
  case Bye.NO_CODEC:
    return {
      title: 'No picture this browser can show',
      detail: text || 'The desktop and this browser have no video format in common.',
      button: 'Try again',
    };
  case Bye.PROTOCOL:
    return {
      title: 'The desktop closed the connection', detail: text,
      button: 'Load it again', reload: true,
    };
  }
  if (status === 403)
    return {
      title: 'This address is not allowed',
      detail: 'Open the link that helix-agent printed, or start it with --allow-host ' +
        'and this name.',
      button: 'Try again',
    };
  return {
    title: 'This link does not fit any more',
    detail: 'Open the link that helix-agent printed when it started.',
    button: null,
  };
}

export const NO_TOKEN = {
  title: 'Open the link that helix-agent printed',
  detail: 'The key to this desktop is in that link. This address alone does not open it.',
  button: null,
};

export const NO_PLAYER = {
  title: 'This browser cannot show the desktop',
  detail: 'It has neither WebCodecs nor Media Source Extensions for H.264. A current Chrome, ' +
    'Edge, Firefox or Safari has.',
  button: null,
};

export const PLAYER_FAILED = {
  title: 'The picture cannot be decoded',
  detail: 'The video decoder of this browser failed again and again.',
  button: 'Try again', reload: true,
};
