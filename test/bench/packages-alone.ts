// What `list` would cost if it were nothing but the packages it stands on: yargs once, execa as often as list runs a
// program (udevadm, and virsh twice), xml2js once. Bundled as the program is, and never installed.
import { execa } from 'execa';
import { parseString } from 'xml2js';
import yargs from 'yargs';

async function virsh(...args: string[]): Promise<string> {
  const PATH = process.env['USB_LIBVIRT_PATH'] ?? '';
  const { stdout } = await execa('virsh', args, { env: { PATH }, extendEnv: false, reject: false, stdin: 'ignore' });
  return stdout;
}

void yargs(process.argv.slice(2))
  .command({
    command: 'list',
    describe: 'What is plugged in',
    builder: (args) => args.option('json', { type: 'boolean' }),
    handler: async () => {
      await Promise.all([virsh('-c', 'uri', 'help'), virsh('-c', 'uri', 'list', '--uuid')]);
      parseString(await virsh('-c', 'uri', 'dumpxml', 'guest1'), (_error, xml) => {
        process.stdout.write(`${JSON.stringify(xml)}\n`);
      });
    },
  })
  .strict()
  .parseAsync();
