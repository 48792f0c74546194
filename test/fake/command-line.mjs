/** Reads virsh's arguments as virsh does, and refuses in its words what the fake does not know. */

import { Refusal } from './refusal.mjs';

/**
 * What a command takes: data in their order, and switches; `live` stands where the fake wants to be given it.
 * @typedef {{ data: string[], switches: string[] }} Grammar
 */

/**
 * @template {Grammar} Command
 * @typedef {{ uri: string | undefined, quiet: boolean, command: Command, data: Map<string, string>, switches: Set<string> }} CommandLine
 */

/**
 * @template {Grammar} Command
 * @param {readonly string[]} args
 * @param {ReadonlyMap<string, Command>} commands
 * @returns {CommandLine<Command>}
 */
export function parseCommandLine(args, commands) {
  const rest = [...args];
  const globals = readGlobals(rest);
  const name = rest.shift();
  if (name === undefined) throw new Refusal('the fake virsh is not interactive: no command');
  const command = commands.get(name);
  if (command === undefined) throw new Refusal(`unknown command: '${name}'`);
  return { ...globals, command, ...readOptions(name, command, rest) };
}

/** @param {CommandLine<Grammar>} line @param {string} name */
export function valueOf({ data }, name) {
  const value = data.get(name);
  if (!value) throw new Refusal(`Failed to get option '${name}': Option argument is empty`);
  return value;
}

/** Takes them off the front. @param {string[]} rest */
function readGlobals(rest) {
  let uri;
  let quiet = false;
  while (rest[0]?.startsWith('-')) {
    const option = rest.shift();
    if (option === '--') break;
    if (option === '-q' || option === '--quiet') {
      quiet = true;
    } else if (option === '-c' || option === '--connect') {
      uri = rest.shift();
      if (uri === undefined) throw new Refusal("option '-c'/'--connect' requires an argument");
    } else {
      throw new Refusal(`unsupported option '${option}'. See --help.`);
    }
  }
  return { uri, quiet };
}

/** @param {string} command @param {Grammar} grammar @param {string[]} rest */
function readOptions(command, grammar, rest) {
  /** @type {Map<string, string>} */
  const data = new Map();
  /** @type {Set<string>} */
  const switches = new Set();
  let dataOnly = false;
  for (let word = rest.shift(); word !== undefined; word = rest.shift()) {
    const [, option, value] = (!dataOnly && /^--([a-z0-9][^=]*)(?:=([^]*))?$/i.exec(word)) || [];
    if (!dataOnly && word === '--') {
      dataOnly = true;
    } else if (option === undefined) {
      const name = grammar.data.find((candidate) => !data.has(candidate));
      if (name === undefined) throw new Refusal(`unexpected data '${word}'`);
      data.set(name, word);
    } else if (data.has(option) || switches.has(option)) {
      throw new Refusal(`option --${option} already seen`);
    } else if (grammar.switches.includes(option)) {
      if (value !== undefined) throw new Refusal(`invalid '=' after option --${option}`);
      switches.add(option);
    } else if (grammar.data.includes(option)) {
      const given = value ?? rest.shift();
      if (given === undefined) throw new Refusal(`expected syntax: --${option} <string>`);
      data.set(option, given);
    } else {
      throw new Refusal(`command '${command}' doesn't support option --${option}`);
    }
  }
  const absent = grammar.data.filter((name) => !data.has(name));
  if (absent.length > 0)
    throw new Refusal(absent.map((name) => `command '${command}' requires <${name}> option`).join('\n'));
  if (grammar.switches.includes('live') && !switches.has('live'))
    throw new Refusal(`the fake virsh knows '${command}' with --live only`);
  return { data, switches };
}
