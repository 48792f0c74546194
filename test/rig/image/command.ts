import { spawn } from 'node:child_process';

export interface CommandOptions {
  readonly cwd?: string;
  readonly env?: NodeJS.ProcessEnv;
  /** What the program reads; without it, it reads nothing. */
  readonly input?: Buffer;
}

/**
 * Runs a program of this machine to its end and returns what it printed.
 * A failure throws with the command and the end of its stderr, because a build that fails
 * half a minute in must say why without being run again.
 */
export async function runCommand(program: string, args: string[], options: CommandOptions = {}): Promise<Buffer> {
  const { cwd, env = process.env, input } = options;
  const child = spawn(program, args, { cwd, env, stdio: 'pipe' });
  const stdout: Buffer[] = [];
  const stderr: Buffer[] = [];
  child.stdout.on('data', (chunk: Buffer) => stdout.push(chunk));
  child.stderr.on('data', (chunk: Buffer) => stderr.push(chunk));
  // A program may end before it has read everything (`xz --single-stream`); its exit status tells.
  child.stdin.on('error', () => undefined);
  child.stdin.end(input);

  const exitCode = await new Promise<number | null>((resolve, reject) => {
    child.on('error', reject);
    child.on('close', resolve);
  });
  if (exitCode !== 0) {
    const ending = Buffer.concat(stderr).toString().trim().split('\n').slice(-15).join('\n');
    throw new Error(`${program} ${args.join(' ')} failed with exit status ${exitCode}:\n${ending}`);
  }
  return Buffer.concat(stdout);
}
