import { findDomain, type DomainName } from '../core/domain.js';
import { describeUnreached, printable } from '../core/message.js';
import type { Answer } from '../host/virsh.js';
import { CommandError, exitCodes } from './command-error.js';

/** The domain that is meant, by name or UUID. Throws when there is none: the names are listed. */
export function pickDomain(wanted: string, domains: readonly DomainName[], uri: string): DomainName {
  const domain = findDomain(domains, wanted);
  if (domain !== undefined) return domain;
  const names = domains
    .map(({ name }) => `\n  ${printable(name)}`)
    .sort()
    .join('');
  throw new CommandError(
    `no domain is named ${printable(wanted)} at ${uri}; ${names === '' ? 'none is defined there' : `there are:${names}`}`,
    exitCodes.notFound,
  );
}

/** What libvirt answered. Throws when it did not. */
export function valueOf<T>(answer: Answer<T>, uri: string): T {
  if (answer.kind === 'done') return answer.value;
  throw new CommandError(describeUnreached(uri, answer.failure), exitCodes.failed);
}
