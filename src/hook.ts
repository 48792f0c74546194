// What udev runs (through its shell front, rules/hook) and people run by hand: environment → event → want → wake.
// Under udev that is all. Anywhere else the worker then works in this process, and the result is printed.
import { readFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { defaultUri, defaultUriFrom } from './core/domain.js';
import { parseEvent } from './core/event.js';
import { handleEvent, InputError } from './handle-event.js';
import { openLog, type Log } from './host/log.js';
import { placesFrom, type Places } from './host/places.js';

const usage = `Usage: hook [--connect URI] [--verbose] [--help] [--version] [DOMAIN]

Hands a USB device to a libvirt domain, or takes it back, as the udev event in the environment says.
Run by udev, from a rule: SUBSYSTEM=="usb", …, RUN+="…/hook DOMAIN". By hand, for example:
  ACTION=add SUBSYSTEM=usb DEVTYPE=usb_device BUSNUM=001 DEVNUM=037 hook testvm-01

  DOMAIN         the domain's name or UUID (default: USB_LIBVIRT_DOMAIN in the environment)
  --connect URI  the hypervisor (default: LIBVIRT_DEFAULT_URI in the environment, else ${defaultUri})
  --verbose      debug lines as well
`;

async function main(): Promise<void> {
  const places = placesFrom(process.env);
  const underUdev = isUnderUdev(places);
  let log: Log | undefined;
  try {
    const { values, positionals } = readArguments();
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
    const domain = positionals[0] ?? process.env['USB_LIBVIRT_DOMAIN'] ?? '';
    const uri = values.connect ?? defaultUriFrom(process.env);
    if (!(await handleEvent(event, { domain, uri }, { places, log, underUdev }))) process.exitCode = 1;
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

function readArguments() {
  try {
    const { values, positionals } = parseArgs({
      allowPositionals: true,
      options: {
        connect: { type: 'string' },
        verbose: { type: 'boolean', default: false },
        help: { type: 'boolean', default: false },
        version: { type: 'boolean', default: false },
      },
    });
    if (positionals.length > 1)
      throw new Error(
        `one domain is expected, and there are ${positionals.length}: ${positionals.join(', ')}; quote a name with spaces`,
      );
    return { values, positionals };
  } catch (error) {
    throw new InputError(`${(error as Error).message}\n${usage}`);
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
