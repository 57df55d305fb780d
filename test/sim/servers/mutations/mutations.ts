/** All planted defects. */
import { handOverMutations } from "./hand-overs.ts";
import { memberMutations } from "./members.ts";
import type { Mutation } from "./mutation.ts";
import { replicationMutations } from "./replication.ts";
import { sessionMutations } from "./sessions.ts";
import { storageMutations } from "./storage.ts";

export const mutations: readonly Mutation[] = [
  ...replicationMutations,
  ...memberMutations,
  ...handOverMutations,
  ...storageMutations,
  ...sessionMutations,
];
