import { noteAttach } from '../core/flapping.js';
import type { Action, Plan } from '../core/plan.js';
import type { World } from './world.js';

/** The plan without the attaches of devices that come and go too often: those are left alone, and so judged. */
export function leaveFlappingAlone(plan: Plan, { ports, clock }: World): Plan {
  const standings = new Map(plan.standings);
  const isLeftAlone = (action: Action) => {
    if (action.kind !== 'attach') return false;
    const { want } = action;
    const earlier = ports.read(want.device);
    const history = noteAttach(earlier, want, clock.now());
    if (history !== earlier) ports.write(history);
    if (history.stopped === 'no') return false;
    standings.set(want, { kind: 'refused', reason: history.stopped === 'first' ? 'flapping' : 'still-flapping' });
    return true;
  };
  return { ...plan, actions: plan.actions.filter((action) => !isLeftAlone(action)), standings };
}
