import { execa } from 'execa';

/** How a run of a program ended. */
export interface Ending {
  readonly kind: 'done' | 'failed' | 'timed-out' | 'missing';
  readonly stdout: string;
  readonly stderr: string;
  /** The exit status, or the signal that ended it. */
  readonly status: number | string;
}

/** Runs a program with these arguments; after so many milliseconds it is ended. Never throws. */
export type Program = (args: readonly string[], limitMs: number) => Promise<Ending>;

/**
 * A program of the host, looked up in `path`, without a shell, without our environment, bounded in time.
 *
 * @param path the PATH to find it in, and all that it is given of an environment but LC_ALL=C
 */
export function programIn(path: string, name: string): Program {
  return async (args, limitMs) => {
    const { failed, timedOut, code, stdout, stderr, exitCode, signal } = await execa(name, args, {
      env: { LC_ALL: 'C', PATH: path },
      extendEnv: false,
      reject: false,
      stdin: 'ignore',
      stripFinalNewline: false,
      timeout: limitMs,
      forceKillAfterDelay: 2000,
    });
    const kind = !failed ? 'done' : timedOut ? 'timed-out' : code === 'ENOENT' ? 'missing' : 'failed';
    return { kind, stdout, stderr, status: exitCode ?? signal ?? 'nothing' };
  };
}

/** Runs a program and hands over each line of its output as it comes, until it ends or is told to. Never throws. */
export type LineProgram = (
  args: readonly string[],
  onLine: (line: string) => void,
  until: AbortSignal,
) => Promise<Omit<Ending, 'stdout'>>;

/** As `programIn`, for a program that goes on printing. */
export function linesOf(path: string, name: string): LineProgram {
  return async (args, onLine, until) => {
    const { execa } = await import('execa');
    const { failed, code, stderr, exitCode, signal } = await execa(name, args, {
      env: { LC_ALL: 'C', PATH: path },
      extendEnv: false,
      reject: false,
      stdin: 'ignore',
      stdout: function* (line: unknown) {
        onLine(String(line));
        // Nothing is kept of it.
        yield* [];
      },
      buffer: { stdout: false },
      cancelSignal: until,
      forceKillAfterDelay: 2000,
    });
    const kind = !failed ? 'done' : code === 'ENOENT' ? 'missing' : 'failed';
    return { kind, stderr, status: exitCode ?? signal ?? 'nothing' };
  };
}
