import { runCommand } from './command.js';

/**
 * The Debian package sources this machine uses, as one-line entries for another suite.
 * apt itself reads its configuration, in whatever format it is written; its `Origin` tells Debian
 * from third parties, wherever the mirror stands. Needs fetched package lists.
 */
export async function debianSources(suite: string): Promise<string[]> {
  const format = '$(ORIGIN)\t$(REPO_URI)\t$(RELEASE)\t$(COMPONENT)';
  const printed = await runCommand('apt-get', ['indextargets', '--format', format, 'Created-By: Packages']);
  const sources = new Set<string>();
  for (const line of printed.toString().split('\n')) {
    const [origin, uri, release, component] = line.split('\t');
    if (origin !== 'Debian' || uri === undefined || release === undefined || component !== 'main') continue;
    // "bookworm-security" → "trixie-security"; backports would bring another libvirt than the suite's.
    const pocket = /-(updates|security)$/.exec(release)?.[0] ?? '';
    if (pocket === '' && release.includes('-')) continue;
    sources.add(`deb ${uri} ${suite}${pocket} main`);
  }
  if (sources.size === 0) throw new Error('apt knows no Debian source on this machine, so the rig cannot be built');
  return [...sources];
}

/**
 * How this machine reaches its sources (proxies, certificates, tolerance for frozen mirrors), in apt's syntax:
 * mmdebstrap starts from an empty configuration.
 */
export async function aptTransportOptions(): Promise<string> {
  const dump = await runCommand('apt-config', ['dump', 'Acquire']);
  const wanted = /^Acquire::(https?|Check-|Retries|ForceIPv[46])/;
  return dump
    .toString()
    .split('\n')
    .filter((line) => wanted.test(line))
    .map((line) => `${line}\n`)
    .join('');
}
