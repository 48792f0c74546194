import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdir, mkdtemp, readFile, readdir, rename, rm, stat } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** Where images and running machines are kept, outside the repository. */
export function cacheDirectory(env: NodeJS.ProcessEnv = process.env): string {
  return (
    env['USB_HOTPLUG_RIG_CACHE'] ?? join(env['XDG_CACHE_HOME'] ?? join(homedir(), '.cache'), 'usb-libvirt-hotplug')
  );
}

/**
 * The name of the image that this recipe makes: any change to a file beside this one is another recipe.
 * `ingredients` are the versions that go into it.
 */
export async function imageName(flavour: string, ingredients: string[]): Promise<string> {
  const hash = createHash('sha256').update(ingredients.join('\n'));
  const recipe = fileURLToPath(new URL('.', import.meta.url));
  const files = (await readdir(recipe)).filter((file) => file.endsWith('.ts')).sort();
  for (const file of files) hash.update(await readFile(join(recipe, file)));
  return `rig-${flavour}-${hash.digest('hex').slice(0, 16)}`;
}

/**
 * The directory of that name, built unless it is there. A build happens in a directory of its own and is renamed
 * when it is whole: one that is killed leaves nothing that could be taken for an image.
 */
export async function cachedImage(name: string, build: (directory: string) => Promise<void>): Promise<string> {
  const cache = cacheDirectory();
  const finished = join(cache, name);
  if (await exists(finished)) return finished;
  return locked(async () => {
    if (await exists(finished)) return finished;
    await removeOutdated(cache, name);
    const unfinished = await mkdtemp(join(cache, 'unfinished-'));
    await build(unfinished);
    await rename(unfinished, finished);
    return finished;
  });
}

/** Does something that one process at a time may do. */
export async function locked<T>(action: () => Promise<T>): Promise<T> {
  await mkdir(cacheDirectory(), { recursive: true });
  const unlock = await lock(join(cacheDirectory(), 'lock'));
  try {
    return await action();
  } finally {
    unlock();
  }
}

/** Other images of the same flavour, and what killed builds left: an image takes a gigabyte. */
async function removeOutdated(cache: string, name: string): Promise<void> {
  const flavour = name.slice(0, name.lastIndexOf('-'));
  for (const entry of await readdir(cache)) {
    const isOlder = entry.slice(0, entry.lastIndexOf('-')) === flavour;
    if (isOlder || entry.startsWith('unfinished-')) await rm(join(cache, entry), { recursive: true, force: true });
  }
}

/** Waits for the lock. The kernel frees it when this process ends: flock's child then reads the end of its stdin. */
async function lock(file: string): Promise<() => void> {
  const holder = spawn('flock', ['--exclusive', file, 'sh', '-c', 'echo locked; cat'], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  await new Promise<void>((resolve, reject) => {
    holder.on('error', reject);
    holder.on('close', () => {
      reject(new Error(`could not lock ${file}`));
    });
    holder.stdout.once('data', () => {
      resolve();
    });
  });
  return () => holder.stdin.end();
}

async function exists(path: string): Promise<boolean> {
  return stat(path).then(
    () => true,
    () => false,
  );
}
