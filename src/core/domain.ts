import type { Environment } from './event.js';

/** Where wants go whose rule or caller names no other hypervisor: libvirt's system instance of QEMU. */
export const defaultUri = 'qemu:///system';

/** The hypervisor that is meant where none is named: the environment's, unless that is empty, else our default. */
export function defaultUriFrom(environment: Environment): string {
  return environment['LIBVIRT_DEFAULT_URI'] || defaultUri;
}

/** A domain as libvirt lists it. */
export interface DomainName {
  readonly uuid: string;
  readonly name: string;
}

/** What is wrong with a text as a domain's name or UUID, in words; undefined when it can be one. */
export function domainNameFault(name: string): string | undefined {
  if (name === '') return 'no domain is named; give it as the last argument or in USB_LIBVIRT_DOMAIN';
  // eslint-disable-next-line no-control-regex -- libvirt allows neither in a name
  if (/[\u0000-\u001f\u007f/]/.test(name))
    return "the domain's name has a control character or a slash in it, which libvirt allows in none";
  return undefined;
}

/** What is wrong with a hypervisor's URI, in words; undefined when it can be one of this host's. */
export function uriFault(uri: string): string | undefined {
  // "qemu:///system" and "qemu+unix:///system?socket=…"; what stands between the slashes would be another host.
  return /^[a-z0-9]+(\+unix)?:\/\/\/[\x21-\x7e]*$/.test(uri)
    ? undefined
    : `"${uri}" is no URI of a hypervisor on this host, which alone can be given this host's devices; it should be like ${defaultUri}`;
}

/**
 * The lines of `virsh list --uuid --name`: the UUID, one space, the name as it is (libvirt 9.0 and 11.3).
 * A name may begin or end with blanks.
 */
export function parseDomainList(text: string): DomainName[] {
  return text.split('\n').flatMap((line) => {
    const match = /^([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}) (.*)$/.exec(line);
    return match?.[1] === undefined || match[2] === undefined ? [] : [{ uuid: match[1], name: match[2] }];
  });
}

/**
 * The domain that a person means: by name first, then by UUID. Never by libvirt's running id: virsh reads
 * a domain named "4" as the domain with id 4, and has given devices to the wrong guest that way.
 */
export function findDomain<T extends DomainName>(domains: readonly T[], wanted: string): T | undefined {
  return (
    domains.find(({ name }) => name === wanted) ??
    domains.find(({ uuid }) => uuid === wanted.toLowerCase()) ??
    // Old versions of virsh pad the names to columns.
    domains.find(({ name }) => name.trimEnd() === wanted)
  );
}
