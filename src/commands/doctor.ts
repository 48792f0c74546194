import { dirname } from 'node:path';
import type { CommandModule } from 'yargs';
import { describeFinding } from '../core/finding.js';
import { installationFrom } from '../host/installation.js';
import { placesFrom } from '../host/places.js';
import { exitCodes } from './command-error.js';
import { hypervisorFrom } from './hypervisor.js';
import { connectOption, jsonOption, print, printJson } from './output.js';

interface DoctorOptions {
  json: boolean;
  connect: string | undefined;
}

export const doctorCommand: CommandModule<object, DoctorOptions> = {
  command: 'doctor',
  describe: 'Look for what keeps this program from working, and tell what helps',
  builder: (args) => args.option('json', jsonOption).option('connect', connectOption),
  async handler({ json, connect }) {
    const { examine } = await import('../doctor.js');
    const findings = await examine({
      places: placesFrom(process.env),
      installation: installationFrom(process.env, dirname(process.argv[1] ?? '')),
      uri: hypervisorFrom(connect),
      isRoot: process.getuid?.() === 0,
    });
    if (json) printJson(findings);
    else print(...findings.flatMap(describeFinding));
    if (findings.some(({ verdict }) => verdict === 'failed')) process.exitCode = exitCodes.failed;
  },
};
