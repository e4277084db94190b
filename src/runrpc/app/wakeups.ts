import type { Notices } from "../data/store.ts";
import { createWakeups, type Wakeups } from "../streams/wakeup.ts";

/**
 * The wake-ups of an application: a topic that is notified in one process is woken in all that share its database. After a
 * gap, in which notices may have been lost, every topic is woken.
 */
export function createAppWakeups(notices: Notices): Wakeups {
  const wakeups = createWakeups();
  notices.listen({ heard: wakeups.notify, gap: wakeups.notifyAll });
  return {
    join: wakeups.join,
    notify(topic) {
      wakeups.notify(topic);
      notices.publish(topic);
    },
    notifyAll: wakeups.notifyAll,
    get waiting() {
      return wakeups.waiting;
    },
  };
}
