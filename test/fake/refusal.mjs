/** What virsh or libvirt refuses; the message is its lines on stderr, without their "error: ". */
export class Refusal extends Error {}
