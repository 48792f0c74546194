// What udev runs (through its shell front, rules/hook) and people run by hand: environment → event → want → wake.
// Under udev that is all. Anywhere else the worker then works in this process, and the result is printed.
import { readFileSync } from 'node:fs';
import { parseEvent } from './core/event.js';
import { handleEvent, InputError } from './handle-event.js';
import { openLog, type Log } from './host/log.js';
import { placesFrom, type Places } from './host/places.js';
import { claimantFrom, readArguments, usage } from './hook-arguments.js';

async function main(): Promise<void> {
  const places = placesFrom(process.env);
  const underUdev = isUnderUdev(places);
  let log: Log | undefined;
  try {
    const given = readArguments(process.argv.slice(2));
    const { values } = given;
    if (values.help) {
      process.stdout.write(usage);
      return;
    }
    if (values.version) {
      process.stdout.write(`usb-libvirt-hotplug ${__VERSION__} on Node ${process.versions.node}\n`);
      return;
    }
    log = openHookLog(places, values.verbose);
    const event = parseEvent(process.env);
    const claimant = claimantFrom(given, process.env);
    if (!(await handleEvent(event, claimant, { places, log, underUdev }))) process.exitCode = 1;
  } catch (error) {
    process.exitCode = 1;
    const text = describeError(error, places);
    log ??= openHookLog(places, false);
    // A person reads it on stderr; what udev starts has nobody there, so it goes to the log.
    if (underUdev) log.write({ severity: 'error', text: text.split('\n', 1).join() });
    else process.stderr.write(`hook: ${text}\n`);
  } finally {
    await log?.close();
  }
}

/** systemd-udevd's RUN programs are in its cgroup, and in its sandbox, where libvirt must not be waited for. */
function isUnderUdev({ cgroup }: Places): boolean {
  try {
    return /\/systemd-udevd\.service(\/|$)/m.test(readFileSync(cgroup, 'utf8'));
  } catch {
    return false;
  }
}

function openHookLog({ syslogSocket, path }: Places, verbose: boolean): Log {
  return openLog({
    verbose,
    terminal: () => process.stderr.isTTY,
    syslogSocket,
    path,
    journal: false,
    print: (line) => process.stderr.write(`${line}\n`),
  });
}

function describeError(error: unknown, { runDirectory }: Places): string {
  if (error instanceof InputError) return error.message;
  const { code, message } = error as NodeJS.ErrnoException;
  if (code === 'EACCES' || code === 'EPERM') return `${runDirectory} cannot be written (${message}); run as root`;
  return message;
}

void main();
