import type { CommandModule } from 'yargs';
import { describeMatch, describeOwner, type Assignment } from '../core/assignment.js';
import { assignmentsIn, foreignLines, type Item } from '../core/assignment-list.js';
import { printable } from '../core/message.js';
import { formatTable } from '../core/table.js';
import { openAssigning } from './assigning.js';
import { jsonOption, note, outputWidth, print, printJson } from './output.js';

export const assignmentsCommand: CommandModule<object, { json: boolean }> = {
  command: 'assignments',
  describe: 'Which devices belong to which domains, lastingly',
  builder: (args) => args.option('json', jsonOption),
  async handler({ json }) {
    const { items, path, meantBy } = await openAssigning();
    const pluggedOf = ({ match }: Assignment) => meantBy(match).map(({ name }) => name);
    const foreign = foreignLines(items);
    if (json) {
      const own = items.flatMap((item) => (item.kind === 'own' ? [toJson(item, pluggedOf)] : []));
      const assignments = own.map((fields, index) => ({ number: index + 1, ...fields }));
      printJson({ file: path, assignments, otherLines: foreign });
      return;
    }
    const assignments = assignmentsIn(items);
    if (assignments.length === 0) print('nothing is assigned');
    else {
      const rows = assignments.map((assignment, index) => [
        String(index + 1),
        describeOwner(assignment),
        pluggedOf(assignment).join(' ') || '-',
        describeMatch(assignment.match),
      ]);
      print(...formatTable([['NUMBER', 'DOMAIN', 'PLUGGED', 'DEVICES'], ...rows], outputWidth()));
    }
    note(...foreign.map(({ line, text }) => `${path} line ${line} is not ours, and left as it is: ${printable(text)}`));
  },
};

/**
 * An assignment for programs; before these fields stands its `number`, which `unassign` takes. Stable: fields are added, never changed or taken away. `means` is for people; `plugged`
 * the ports of what is meant and plugged in now, whoever has it.
 */
function toJson(
  { assignment, line }: Extract<Item, { kind: 'own' }>,
  pluggedOf: (assignment: Assignment) => string[],
): Record<string, unknown> {
  const { match, domain, uri, note: when } = assignment;
  const ids = 'ids' in match ? match.ids : undefined;
  return {
    line,
    domain,
    uri,
    by: match.kind,
    vendorId: ids?.vendorId ?? null,
    productId: ids?.productId ?? null,
    serial: match.kind === 'serial' ? match.serial : null,
    controller: 'controller' in match ? (match.controller ?? null) : null,
    ports:
      'faces' in match
        ? match.faces.map(({ controller, chain, speeds }) => ({
            controller,
            chain,
            speedsMbits: speeds.split('|').map(Number),
          }))
        : [],
    means: describeMatch(match),
    whenAssigned: when,
    plugged: pluggedOf(assignment),
  };
}
