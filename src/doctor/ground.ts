import type { Installation } from '../host/installation.js';
import type { Places } from '../host/places.js';

/** What the doctor's checks stand on. */
export interface Ground {
  readonly places: Places;
  readonly installation: Installation;
  readonly uri: string;
  readonly isRoot: boolean;
}
