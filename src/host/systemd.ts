import type { Program } from './program.js';

/** What is asked of systemd. */
export interface Systemd {
  /** Whether this host runs under it. */
  isThere(): Promise<boolean>;
  /** "enabled", "disabled", "masked", "not-found". */
  readEnabled(unit: string): Promise<string>;
  /** "active", "inactive", "failed". */
  readActive(unit: string): Promise<string>;
  /** When a running unit was started or reloaded last, in milliseconds since the epoch; undefined when it does not run. */
  readLoadedMs(unit: string): Promise<number | undefined>;
}

const limitMs = 10_000;

export function openSystemd(systemctl: Program): Systemd {
  return {
    isThere: async () => (await systemctl(['show', '--property=Version'], limitMs)).kind === 'done',
    readEnabled: async (unit) => (await systemctl(['is-enabled', unit], limitMs)).stdout.trim() || 'not-found',
    readActive: async (unit) => (await systemctl(['is-active', unit], limitMs)).stdout.trim() || 'unknown',
    async readLoadedMs(unit) {
      // A reload changes a unit's state, to "reloading" and back. The option is there since systemd 248.
      const wanted = ['--property=ActiveState', '--property=StateChangeTimestamp'];
      const { stdout } = await systemctl(['show', '--timestamp=unix', ...wanted, unit], limitMs);
      const since = /^StateChangeTimestamp=@(\d+)$/m.exec(stdout)?.[1];
      return since !== undefined && /^ActiveState=active$/m.test(stdout) ? Number(since) * 1000 : undefined;
    },
  };
}
