import type { Ending } from '../by-hand.js';
import { exitCodes } from './command-error.js';

/** The exit code for how it ended with a device. */
export function exitCodeOf(ending: Ending): number {
  switch (ending) {
    case 'attached':
    case 'released':
    case 'gone':
    case 'dropped':
      return exitCodes.done;
    case 'waiting':
    case 'pending':
      return exitCodes.waiting;
    case 'refused':
    case 'leaving':
      return exitCodes.failed;
  }
}

/** Of several devices: a failure before a wait, a wait before what is done. */
export function worstOf(codes: readonly number[]): number {
  const order = [exitCodes.failed, exitCodes.waiting];
  return order.find((code) => codes.includes(code)) ?? exitCodes.done;
}
