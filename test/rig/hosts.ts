import type { ImageOptions } from './image/build.js';

/** A kind of host that L1 can be. */
export interface Host extends ImageOptions {
  /** As tests and RIG_HOSTS call it. */
  readonly name: string;
  /** What install.sh is told to run us with. */
  readonly node: string;
}

const thisNode = '/usr/bin/node';
const ownNode = '/usr/bin/nodejs';

/** Between them they have what hosts differ in. */
const hosts: readonly [Host, ...Host[]] = [
  { name: 'debian-12', suite: 'bookworm', node: thisNode, daemon: 'libvirtd' },
  { name: 'debian-13', suite: 'trixie', node: thisNode, daemon: 'virtqemud' },
  // The oldest node that we run on, which cannot load a syslog addon that was built for another. Here it starts in
  // four times the other's time.
  { name: 'debian-12-own-node', suite: 'bookworm', node: ownNode, daemon: 'libvirtd' },
];

/** What demo, benchmarks and everything that names no host run on. */
export const usualHost: Host = hosts[0];

/** For what may differ from host to host: each release, or those that RIG_HOSTS names, separated by commas. */
export function everyRelease(env: NodeJS.ProcessEnv = process.env): readonly Host[] {
  return named(env['RIG_HOSTS'] ?? 'debian-12,debian-13');
}

/** Whether a host of several goes through everything; the second release by itself takes a shorter way. */
export function inFull(host: Host, env: NodeJS.ProcessEnv = process.env): boolean {
  return env['RIG_HOSTS'] !== undefined || host === usualHost;
}

/** For the first thing that anybody does: the oldest node that we run on. */
export function oldestNode(env: NodeJS.ProcessEnv = process.env): readonly Host[] {
  return named(env['RIG_HOSTS'] ?? 'debian-12-own-node');
}

/** And the newest release. */
export function newestRelease(env: NodeJS.ProcessEnv = process.env): readonly Host[] {
  return named(env['RIG_HOSTS'] ?? 'debian-13');
}

/** For what does not: the usual host alone, or what RIG_HOSTS names (`all` for all of them). */
export function oneHost(env: NodeJS.ProcessEnv = process.env): readonly Host[] {
  return named(env['RIG_HOSTS'] ?? usualHost.name);
}

/** The host of that name; throws when there is none. */
export function hostNamed(name: string): Host {
  const host = hosts.find((candidate) => candidate.name === name);
  if (host === undefined) {
    throw new Error(`there is no host '${name}': ${hosts.map((known) => known.name).join(', ')}`);
  }
  return host;
}

function named(names: string): readonly Host[] {
  return names === 'all' ? hosts : names.split(',').map(hostNamed);
}
