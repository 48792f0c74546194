// What the hook is told by its rule or by a person: on its command line, and in the environment.
import { parseArgs } from 'node:util';
import { defaultUri, defaultUriFrom } from './core/domain.js';
import type { Environment } from './core/event.js';
import { InputError, type Claimant } from './handle-event.js';

export const usage = `Usage: hook [--connect URI] [--verbose] [--help] [--version] [DOMAIN]

Hands a USB device to a libvirt domain, or takes it back, as the udev event in the environment says.
Run by udev, from a rule: SUBSYSTEM=="usb", …, RUN+="…/hook DOMAIN". By hand, for example:
  ACTION=add SUBSYSTEM=usb DEVTYPE=usb_device BUSNUM=001 DEVNUM=037 hook testvm-01

  DOMAIN         the domain's name or UUID (default: USB_LIBVIRT_DOMAIN in the environment)
  --connect URI  the hypervisor (default: LIBVIRT_DEFAULT_URI in the environment, else ${defaultUri})
  --verbose      debug lines as well
`;

/** @throws InputError with the usage */
export function readArguments(args: readonly string[]) {
  try {
    const { values, positionals } = parseArgs({
      args: [...args],
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

/** Whom the hook is run for. */
export function claimantFrom(
  { values, positionals }: ReturnType<typeof readArguments>,
  environment: Environment,
): Claimant {
  return {
    domain: positionals[0] ?? environment['USB_LIBVIRT_DOMAIN'] ?? '',
    uri: values.connect ?? defaultUriFrom(environment),
  };
}
