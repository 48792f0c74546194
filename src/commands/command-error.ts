/**
 * How a command ends: 0 done, 1 failed, 2 called wrongly, 3 the device or domain was not found or is not the only
 * one, 4 it waits and will be done when it can.
 */
export const exitCodes = { done: 0, failed: 1, usage: 2, notFound: 3, waiting: 4 } as const;

/** For help and the manual page. */
export const toldExitCodes =
  '0 done, 1 failed, 2 called wrongly, 3 no such device or domain or more than one, 4 it waits and will be done when it can';

/** What ends a command with a message for the person, and no stack. */
export class CommandError extends Error {
  constructor(
    message: string,
    readonly exitCode: (typeof exitCodes)['failed' | 'usage' | 'notFound'],
  ) {
    super(message);
  }
}
