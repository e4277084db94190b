import type { NoticeListener, Notices } from "../../notices.ts";
import { topicsKind } from "./protocol.ts";

/** A longer topic is not told: others are told of all topics. */
const maxTopicChars = 1_000;

/** Topics that wait to be told; with more, others are told of all topics. */
const maxWaiting = 4_000;

/** What is to be told to one other process. */
export interface TopicBox {
  readonly isEmpty: boolean;
  add(topic: string): void;
  /** Has all topics told. */
  addAll(): void;
  /** Empties it into a message. */
  take(): readonly unknown[];
}

/** Makes an empty box. */
export function createTopicBox(): TopicBox {
  const topics = new Set<string>();
  let hasAll = false;
  return {
    get isEmpty() {
      return topics.size === 0 && !hasAll;
    },
    add(topic) {
      if (topics.size < maxWaiting && topic.length <= maxTopicChars) topics.add(topic);
      else hasAll = true;
    },
    addAll() {
      hasAll = true;
    },
    take() {
      const message = hasAll ? [topicsKind] : [topicsKind, ...topics];
      topics.clear();
      hasAll = false;
      return message;
    },
  };
}

/** The listeners of this process. */
export interface NoticeBoard extends Notices {
  /** Tells them what another process has published: a topic, or undefined where it may be any. */
  hear(topic: string | undefined): void;
}

/** @param publish tells other processes. */
export function createNoticeBoard(publish: (topic: string) => void): NoticeBoard {
  const listeners = new Set<NoticeListener>();
  return {
    publish,
    listen(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    hear(topic) {
      for (const listener of listeners) {
        if (topic === undefined) listener.gap();
        else listener.heard(topic);
      }
    },
  };
}

/** The topics of a message: undefined stands for all. Throws for what is none. */
export function topicsOf(message: readonly unknown[]): readonly (string | undefined)[] {
  if (message.length === 1) return [undefined];
  const topics = message.slice(1);
  if (!topics.every((topic) => typeof topic === "string")) throw new TypeError("a topic is no text");
  return topics;
}
