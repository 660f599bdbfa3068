/** Every word of the page, by area, so that it can be translated in one place. */
import { actions } from "./actions";
import { approvals } from "./approvals";
import { audit } from "./audit";
import { channels } from "./channels";
import { common } from "./common";
import { connections } from "./connections";
import { emergency } from "./emergency";
import { entities } from "./entities";
import { faults } from "./faults";
import { freezes } from "./freezes";
import { kinds } from "./kinds";
import { palette } from "./palette";
import { locks } from "./locks";
import { operate } from "./operate";
import { people } from "./people";
import { runs } from "./runs";
import { schedules } from "./schedules";
import { states } from "./states";
import { tasks } from "./tasks";
import { tokens } from "./tokens";
import { triggers } from "./triggers";
import { webhooks } from "./webhooks";

export const text = {
  ...common,
  actions,
  approvals,
  audit,
  channels,
  connections,
  emergency,
  entities,
  faults,
  freezes,
  kinds,
  palette,
  locks,
  operate,
  people,
  runs,
  schedules,
  states,
  tasks,
  tokens,
  triggers,
  webhooks,
};
