/** How one check of the doctor's came out. */
export interface Finding {
  /** What was looked at: "node", "rules". */
  readonly title: string;
  readonly verdict: Verdict;
  /** What was found. */
  readonly detail: string;
  /** What helps; empty where nothing has to be done. */
  readonly remedy: string;
}

/** `skipped`: it could not be looked at, or does not apply to this host. */
export type Verdict = 'ok' | 'warning' | 'failed' | 'skipped';

export type Result = Omit<Finding, 'title'>;

/** Looks at one thing, and may find more than one. */
export interface Check {
  readonly title: string;
  readonly run: () => Promise<Result | readonly Result[]> | Result | readonly Result[];
}

export function ok(detail: string): Result {
  return { verdict: 'ok', detail, remedy: '' };
}

export function warning(detail: string, remedy: string): Result {
  return { verdict: 'warning', detail, remedy };
}

export function failed(detail: string, remedy: string): Result {
  return { verdict: 'failed', detail, remedy };
}

export function skipped(detail: string, remedy = ''): Result {
  return { verdict: 'skipped', detail, remedy };
}

/**
 *     ok       node: 20.19.2 at /usr/bin/node
 *     failed   path unit: it is not active
 *              systemctl restart usb-libvirt-hotplug.path
 */
export function describeFinding({ title, verdict, detail, remedy }: Finding): string[] {
  return [`${verdict.padEnd(8)} ${title}: ${detail}`, ...(remedy === '' ? [] : [`${' '.repeat(9)}${remedy}`])];
}
