import { statSync } from 'node:fs';
import { failed, ok, skipped, warning, type Check, type Result } from '../core/finding.js';
import { programIn } from '../host/program.js';
import { openSystemd, type Systemd } from '../host/systemd.js';
import type { Ground } from './ground.js';

const name = 'usb-libvirt-hotplug';

/** What has the worker run, and where it tells what it did. */
export function unitChecks({ places }: Ground): Check[] {
  const systemd = openSystemd(programIn(places.path, 'systemctl'));
  return [
    { title: 'units', run: () => checkEnabled(systemd) },
    { title: 'path unit', run: () => checkPath(systemd) },
    { title: 'syslog', run: () => checkSyslog(places.syslogSocket) },
  ];
}

const noSystemd = skipped('no systemd here: the hook does the work itself, while udev waits');

async function checkEnabled(systemd: Systemd): Promise<Result | Result[]> {
  if (!(await systemd.isThere())) return noSystemd;
  const units = [`${name}.path`, `${name}.service`, `${name}-missed.service`];
  const states = await Promise.all(units.map((unit) => systemd.readEnabled(unit)));
  const others = units.flatMap((unit, index) => {
    const state = states[index] ?? '';
    if (state === 'enabled') return [];
    const remedy = state === 'not-found' ? 'run install.sh again' : `systemctl enable ${unit}`;
    return [failed(`${unit} is ${state}, and will not be there after the next boot`, remedy)];
  });
  return others.length > 0 ? others : ok(`${units.join(', ')} are enabled`);
}

async function checkPath(systemd: Systemd): Promise<Result> {
  if (!(await systemd.isThere())) return noSystemd;
  const [path, service] = await Promise.all([
    systemd.readActive(`${name}.path`),
    systemd.readActive(`${name}.service`),
  ]);
  if (path !== 'active') {
    return failed(`${name}.path is ${path}: nobody starts the worker`, `systemctl restart ${name}.path`);
  }
  return service === 'failed'
    ? failed(`${name}.service has failed`, `systemctl status ${name}.service tells why`)
    : ok(`${name}.path is active; ${service === 'active' ? 'a worker works now' : 'no worker is needed now'}`);
}

function checkSyslog(socket: string): Result {
  const found = statSync(socket, { throwIfNoEntry: false });
  return found?.isSocket() === true
    ? ok(`${socket} is there`)
    : warning(`there is no socket at ${socket}: what the hook says is lost`, 'start journald or rsyslog');
}
