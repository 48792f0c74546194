import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import { parseWant, wantFileName, type Want, type WantKey } from '../core/want.js';
import { namesIn, readIfThere, readOrNothing, removeIf, writeNew, writeWhole } from './files.js';

/** The wants under /run: one file a device, in the words of udev, so that a rule can TEST for it. */
export function wantFilesIn(runDirectory: string) {
  const directory = join(runDirectory, 'wants');
  return {
    /** The want on file; undefined when there is none, or none that can be read (then it is written anew). */
    read(key: WantKey): Want | undefined {
      const fileName = wantFileName(key);
      const text = readIfThere(join(directory, fileName));
      return text === undefined ? undefined : parseWant(fileName, text);
    },

    /** All wants, and the names of files that are none (torn by hand, or of another version). */
    readAll(): { wants: Want[]; unreadable: string[] } {
      const wants: Want[] = [];
      const unreadable: string[] = [];
      for (const fileName of namesIn(directory)) {
        const text = readOrNothing(join(directory, fileName));
        if (text === undefined) continue;
        const want = parseWant(fileName, text);
        if (want === undefined) unreadable.push(fileName);
        else wants.push(want);
      }
      return { wants, unreadable };
    },

    /** The want of a device that is known by its numbers only: a removal by hand, without a DEVPATH. */
    find(busNumber: number, deviceNumber: number): Want | undefined {
      return this.readAll().wants.find((want) => want.busNumber === busNumber && want.deviceNumber === deviceNumber);
    },

    write(want: Want): void {
      writeWhole(join(directory, wantFileName(want)), `${JSON.stringify(want)}\n`);
    },

    /** False when somebody else has written it meanwhile: that stands. */
    create(want: Want): boolean {
      return writeNew(join(directory, wantFileName(want)), `${JSON.stringify(want)}\n`);
    },

    /** Writes what was rebuilt when `read` was on file; what somebody has said of a device since then stands. */
    putRebuilt(rebuilt: readonly Want[], read: readonly Want[]): void {
      for (const want of rebuilt) {
        const before = read.find((candidate) => wantFileName(candidate) === wantFileName(want));
        if (before === undefined) this.create(want);
        else if (isDeepStrictEqual(this.read(want), before)) this.write(want);
      }
    },

    /** Unless a newer claim has taken its place since it was read, as of the next plug under the same number. */
    remove(want: Want): void {
      const fileName = wantFileName(want);
      removeIf(join(directory, fileName), (text) => {
        const onFile = parseWant(fileName, text);
        return onFile === undefined || (onFile.claimedAtMs === want.claimedAtMs && onFile.plugId === want.plugId);
      });
    },

    /** For files that are no wants; `fileName` as readAll told it. */
    removeUnreadable(fileName: string): void {
      rmSync(join(directory, fileName), { force: true, recursive: true });
    },
  };
}

export type WantFiles = ReturnType<typeof wantFilesIn>;
