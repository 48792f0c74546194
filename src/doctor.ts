// What `doctor` looks at, in the order in which it is told. Loaded only then.
import { failed, skipped, type Check, type Finding, type Result } from './core/finding.js';
import type { Ground } from './doctor/ground.js';
import { libvirtChecks } from './doctor/libvirt-checks.js';
import { nodeChecks } from './doctor/node-checks.js';
import { rulesChecks } from './doctor/rules-checks.js';
import { unitChecks } from './doctor/unit-checks.js';

/** Looks at everything at once; what fails or hangs holds up nothing else. */
export function examine(ground: Ground): Promise<Finding[]> {
  const checks = [...nodeChecks(ground), ...rulesChecks(ground), ...unitChecks(ground), ...libvirtChecks(ground)];
  return Promise.all(checks.map(carryOut)).then((found) => found.flat());
}

/** Longer than any of the programs that a check asks may take. */
const limitMs = 60_000;

async function carryOut({ title, run }: Check): Promise<Finding[]> {
  const results = await Promise.race([Promise.resolve().then(run).catch(explain), outOfTime()]);
  return [results].flat().map((result) => ({ title, ...result }));
}

async function outOfTime(): Promise<Result> {
  await new Promise((resolve) => setTimeout(resolve, limitMs).unref());
  return failed(`it did not come to an end within ${limitMs / 1000} s`, 'try again when the host is less busy');
}

function explain(error: unknown): Result {
  const { code, message } = error as NodeJS.ErrnoException;
  return code === 'EACCES' || code === 'EPERM'
    ? skipped(`it could not be looked at: ${message}`, 'run as root')
    : failed(`it could not be looked at: ${message}`, 'please report this');
}
