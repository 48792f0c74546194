/** Why virsh did not do what it was asked, as far as its stderr under LC_ALL=C tells (its exit status is only 0 or 1). */
export type FailureKind =
  | 'hypervisor-unreachable'
  | 'virsh-missing'
  | 'denied'
  | 'timed-out'
  | 'domain-unknown'
  | 'domain-not-running'
  | 'domain-busy'
  | 'device-not-found'
  | 'device-in-use'
  | 'device-not-openable'
  | 'no-free-port'
  | 'alias-taken'
  | 'not-attached'
  | 'unexplained';

export interface Failure {
  readonly kind: FailureKind;
  /** What virsh said, on one line, without its "error: "s. */
  readonly said: string;
}

/**
 * Tells virsh's failures apart. First match wins; the texts are libvirt's own (9.0 and 11.3), most of
 * them captured from it in test/fixtures/virsh.
 */
export function readFailure(stderr: string): Failure {
  const said = stderr
    .split('\n')
    .map((line) => line.replace(/^error: /, '').trim())
    .filter((line) => line !== '')
    .join('; ');
  return { kind: texts.find(([pattern]) => pattern.test(stderr))?.[1] ?? 'unexplained', said };
}

const texts: readonly (readonly [RegExp, FailureKind])[] = [
  [/authentication (failed|unavailable)|access denied|Failed to connect socket to .*: Permission denied/, 'denied'],
  // A daemon that dies under virsh is "down" as well: the live XML will tell what it still did.
  [
    /failed to connect to the hypervisor|Failed to connect socket|End of file while reading data|Cannot (recv|write) data|client socket is closed|Disconnected from .* due to/,
    'hypervisor-unreachable',
  ],
  [/failed to get domain|[Dd]omain not found|no domain with matching/, 'domain-unknown'],
  [/domain is not running/, 'domain-not-running'],
  [/cannot acquire state change lock/, 'domain-busy'],
  // The second is QEMU's: it has not seen the device yet.
  [/Did not find USB device|failed to find host usb device/, 'device-not-found'],
  [/is in use by driver|is already in use/, 'device-in-use'],
  [/failed to open host usb device|[Cc]ould not open .*\/dev\/bus\/usb/, 'device-not-openable'],
  [/No free USB ports|no free USB port|No more available .* ports/i, 'no-free-port'],
  [/non unique alias|Duplicate (device )?ID|duplicate ID/i, 'alias-taken'],
  [/no device found with alias|host usb device \S+ not found|device not found/, 'not-attached'],
];
