/** Where one can go from everywhere. A place with `needs` is shown to those who may do something there. */
import {
  Activity,
  Boxes,
  Cable,
  CalendarClock,
  CirclePlay,
  History,
  Inbox,
  KeyRound,
  Lock,
  Megaphone,
  Radio,
  ScrollText,
  Shapes,
  Snowflake,
  Users,
  Webhook,
  Zap,
  type LucideIcon,
} from "lucide-react";
import { text } from "../text";

export interface Place {
  to: string;
  label: string;
  icon: LucideIcon;
  needs?: string;
}

export const MAIN: readonly Place[] = [
  { to: "/actions", label: text.nav.actions, icon: CirclePlay },
  { to: "/entities", label: text.nav.entities, icon: Boxes },
  { to: "/runs", label: text.nav.runs, icon: History },
  { to: "/approvals", label: text.nav.approvals, icon: Inbox },
];

export const OPERATE: readonly Place[] = [
  { to: "/operate", label: text.nav.overview, icon: Activity },
  { to: "/locks", label: text.nav.locks, icon: Lock },
  { to: "/freezes", label: text.nav.freezes, icon: Snowflake },
  { to: "/schedules", label: text.nav.schedules, icon: CalendarClock },
  { to: "/triggers", label: text.nav.triggers, icon: Zap },
  { to: "/events", label: text.nav.events, icon: Radio, needs: "webhooks.read" },
  { to: "/connections", label: text.nav.connections, icon: Cable },
  { to: "/webhooks", label: text.nav.webhooks, icon: Webhook, needs: "webhooks.read" },
  { to: "/channels", label: text.nav.channels, icon: Megaphone, needs: "notifications.manage" },
  { to: "/kinds", label: text.nav.kinds, icon: Shapes },
  { to: "/audit", label: text.nav.audit, icon: ScrollText, needs: "audit.read" },
  { to: "/people", label: text.nav.people, icon: Users },
  { to: "/tokens", label: text.nav.tokens, icon: KeyRound },
];
