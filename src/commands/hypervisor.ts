import { defaultUriFrom, uriFault } from '../core/domain.js';
import { CommandError, exitCodes } from './command-error.js';

/**
 * The hypervisor that is meant: the option, else the environment, else our default. Throws when it is on another host:
 * what that one's domains hold would be compared with this one's devices.
 */
export function hypervisorFrom(connect: string | undefined): string {
  const uri = connect ?? defaultUriFrom(process.env);
  const fault = uriFault(uri);
  if (fault !== undefined) throw new CommandError(fault, exitCodes.usage);
  return uri;
}
