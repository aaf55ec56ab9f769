/* Chooses how to show pictures. A player is an object with
 *   name        'webcodecs' or 'mse'
 *   element     what to put on the page; its pixels can be read with drawImage()
 *   wake()      the page became visible
 *   stop()      takes the element away
 * and calls events, which the caller gives it:
 *   presented(record)   this frame is on the screen (records: see link.js)
 *   skipped(record)     a newer frame overtook this one
 *   lost(text)          the decoder failed; the picture stands until the next key frame
 *   failed(text)        no use to go on */
import { MsePlayer } from './mse.js';
import { WebCodecsPlayer } from './webcodecs.js';

const hasMse = () => 'MediaSource' in self || 'ManagedMediaSource' in self;

/* 'webcodecs', 'mse', or null when this browser cannot do it. */
export function choosePlayer(wanted, { hasVideoDecoder }) {
  if (wanted === 'mse' && hasMse())
    return 'mse';
  if (hasVideoDecoder)
    return 'webcodecs';
  return hasMse() ? 'mse' : null;
}

/* The shortest way from the worker to the screen that this browser has. */
function chooseSink(wanted, { hasGenerator }) {
  if (wanted === 'canvas')
    return 'canvas';
  if ('MediaStreamTrackGenerator' in self)
    return 'generator';
  return hasGenerator ? 'worker-generator' : 'canvas';
}

export function makePlayer(name, { link, options, abilities, stream, events }) {
  if (name === 'mse')
    return new MsePlayer(link, stream, events);
  return new WebCodecsPlayer(link, chooseSink(options.draw, abilities), events);
}
