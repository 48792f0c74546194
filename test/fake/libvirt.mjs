/**
 * The fake virsh and the libvirt behind it, as one pure function. Its texts are the real ones': captured in
 * test/fixtures/virsh, or got from virsh 9.0 with its test driver, or read in libvirt 9.0's source. Where it
 * refuses what the real ones would take, it calls itself fake.
 */

import { parseCommandLine } from './command-line.mjs';
import { commands, unlessQuiet } from './commands.mjs';
import { Refusal } from './refusal.mjs';

/** @typedef {import('./world.mjs').State} State */
/** @typedef {import('./world.mjs').Fault} Fault */
/** @typedef {import('./commands.mjs').Call} Call */
/** @typedef {{ stdout: string, stderr: string, exitCode: number }} Output */

/**
 * `hangMs`: the output comes that late. `killed`: virsh dies of SIGKILL, which the exit code tells as a shell would, 137.
 * @typedef {Output & { state: State, hangMs: number, killed: boolean }} Answer
 */

/**
 * What virsh answers to these arguments, and the state after it; the state given is left alone.
 * `readFile` throws as node's readFileSync does.
 * @param {State} before
 * @param {readonly string[]} args
 * @param {(path: string) => string} readFile
 * @returns {Answer}
 */
export function answer(before, args, readFile) {
  const state = globalThis.structuredClone(before);
  let line;
  try {
    line = parseCommandLine(args, commands);
  } catch (error) {
    return { state, ...refused(error, ''), hangMs: 0, killed: false };
  }
  const fault = takeFault(state, args);
  const call = { state, uri: (line.uri ?? 'qemu:///system').replace('+unix:', ':'), line, fault, readFile };
  const instead = fault && outputOf(fault);
  if (instead !== undefined && fault?.afterEffect) carryOut(call);
  return { state, ...(instead ?? carryOut(call)), hangMs: fault?.hangMs ?? 0, killed: fault?.killed ?? false };
}

/** @param {Call} call @returns {Output} */
function carryOut(call) {
  // virsh ends every command, a failed one too, with an empty line; but with -c and no connection it never begins.
  const end = unlessQuiet(call, '\n');
  try {
    connect(call);
  } catch (error) {
    return refused(error, call.line.uri === undefined ? end : '');
  }
  try {
    return { stdout: call.line.command.run(call) + end, stderr: '', exitCode: 0 };
  } catch (error) {
    return refused(error, end);
  }
}

/** @param {unknown} error @param {string} stdout @returns {Output} */
function refused(error, stdout) {
  if (!(error instanceof Refusal)) throw error;
  return {
    stdout,
    stderr: error.message
      .split('\n')
      .map((text) => `error: ${text}\n`)
      .join(''),
    exitCode: 1,
  };
}

/** The first that matches; it is worn off by one. @param {State} state @param {readonly string[]} args */
function takeFault(state, args) {
  const fault = state.faults.find(({ match }) => match.split(' ').every((word) => word === '' || args.includes(word)));
  if (fault === undefined) return undefined;
  fault.times = (fault.times ?? 1) - 1;
  if (fault.times <= 0) state.faults.splice(state.faults.indexOf(fault), 1);
  return fault;
}

/** What is printed in place of the true answer, if anything is. @param {Fault} fault @returns {Output | undefined} */
function outputOf({ afterEffect, killed, exit141, stdout, stderr, exitCode }) {
  if (killed) return { stdout: '', stderr: '', exitCode: 137 };
  if (exit141) return { stdout: '', stderr: '', exitCode: 141 };
  if (!afterEffect && stdout === undefined && stderr === undefined && exitCode === undefined) return undefined;
  return { stdout: stdout ?? '', stderr: stderr ?? '', exitCode: exitCode ?? 1 };
}

/** @param {Call} call */
function connect({ state, uri, fault }) {
  if (state.libvirtdDown || fault?.libvirtdDown) {
    throw new Refusal(
      "failed to connect to the hypervisor\nFailed to connect socket to '/var/run/libvirt/libvirt-sock': No such file or directory",
    );
  }
  if (!state.uris.includes(uri))
    throw new Refusal(`failed to connect to the hypervisor\nno connection driver available for ${uri}`);
}
